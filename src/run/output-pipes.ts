// Real pipes for a command's stdout and stderr. Node gives its children sockets, and a script that writes to
// /dev/stderr or pipes into `tee /dev/stderr` fails on a socket; so named pipes are made, opened and unlinked.
import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdirSync, openSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";

export interface OutputPipe {
  /** Ends when every process that holds the writing end has closed it. */
  readonly reader: Socket;
  /** For the command alone: the guard closes it once the command has it. */
  readonly writeFd: number;
}

/** The folder the command may write into; removed when it is done, because nothing in it is redacted. */
export function taskFolder(spoolDir: string): string {
  return join(spoolDir, "task");
}

/** Makes the named pipes, while the guard waits anyway. */
export function makePipes(spoolDir: string): void {
  mkdirSync(taskFolder(spoolDir), { recursive: true, mode: 0o700 });
  execFileSync("mkfifo", ["-m", "600", pipePath(spoolDir, "stdout"), pipePath(spoolDir, "stderr")], {
    stdio: ["ignore", "ignore", "pipe"],
  });
}

/** Opens a named pipe at both ends and unlinks it. The reading end must come first: it does not wait for a writer. */
export function openPipe(spoolDir: string, name: "stdout" | "stderr"): OutputPipe {
  const path = pipePath(spoolDir, name);
  const readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writeFd = openSync(path, constants.O_WRONLY);
  rmSync(path);
  return { reader: new Socket({ fd: readFd, readable: true, writable: false }), writeFd };
}

export function closeWriter(pipe: OutputPipe): void {
  closeSync(pipe.writeFd);
}

export function removePipes(spoolDir: string): void {
  rmSync(taskFolder(spoolDir), { recursive: true, force: true });
}

function pipePath(spoolDir: string, name: string): string {
  return join(taskFolder(spoolDir), name);
}
