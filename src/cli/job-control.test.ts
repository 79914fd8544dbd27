import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { afterEach, expect, test } from "vitest";

const SCRIPT = `
  import { Painter } from ${JSON.stringify(new URL("painter.ts", import.meta.url).href)};
  import { withJobControl } from ${JSON.stringify(new URL("job-control.ts", import.meta.url).href)};
  const painter = new Painter(process.stdout);
  let frame = 0;
  const paint = () => painter.paint(["frame " + frame]);
  const end = withJobControl({
    onStop: () => painter.suspend(),
    onContinue: () => { painter.resume(); frame += 1; paint(); end(); painter.close(["last"]); clearInterval(timer); },
  });
  const timer = setInterval(paint, 5);
  paint();
`;

const HIDE = "\u001B[?25l";
const SHOW = "\u001B[?25h";
const END = "\u001B[K\n";

let child: ChildProcessByStdio<null, Readable, null> | null = null;

afterEach(() => child?.kill("SIGKILL"));

test("a stopped process has given the cursor back, and draws below what came meanwhile when it goes on", async () => {
  child = spawn(process.execPath, ["--no-warnings", "--input-type=module", "-e", SCRIPT], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const { stdout } = child;
  const pieces: string[] = [];
  stdout.on("data", (bytes: Buffer) => pieces.push(bytes.toString()));
  const closed = once(child, "close");
  const until = async (whole: string): Promise<void> => {
    while (pieces.join("") !== whole) await once(stdout, "data");
  };
  const first = `${HIDE}\rframe 0${END}\u001B[J`;
  await until(first);
  child.kill("SIGTSTP");
  await until(`${first}${SHOW}`);
  // It may not have stopped yet: then the next one lets it go on.
  const nudge = setInterval(() => child?.kill("SIGCONT"), 20);
  await closed;
  clearInterval(nudge);
  // Nothing is drawn over: the screen was the shell's.
  const second = `${HIDE}\rframe 1${END}\u001B[J\r\u001B[1Alast${END}\u001B[J${SHOW}`;
  expect(pieces.join("")).toBe(`${first}${SHOW}${second}`);
});
