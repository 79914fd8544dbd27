// Commands to type next, so that they work when they are pasted: called as this one was, and with the options that
// said where the data is.
import { existsSync, realpathSync } from "node:fs";
import { basename, delimiter, join } from "node:path";
import type { Io } from "./io.ts";

/** `holodeck resume sess_1 --store my.db`, of `resume` and `sess_1`. */
export function hint(io: Io, ...words: readonly string[]): string {
  return whole(io, words.map(quoted).join(" "));
}

/** A message, with each command in it (between backticks) as it works when it is pasted. */
export function pasteable(io: Io, text: string): string {
  return text.replaceAll(/`holodeck ([^`\n]+)`/g, (_, args: string) => `\`${whole(io, args)}\``);
}

/** Where commands find the data, as it was told on the command line; what the environment says holds for the next too. */
const CARRIED = ["store", "url", "keyFile"] as const;

/** Those of a command's options that the next one must be told again; a password is not repeated, but asked for. */
export function carriedOf(options: Readonly<Record<string, unknown>>): NonNullable<Io["carried"]> {
  return CARRIED.flatMap((name) => {
    const value = options[name];
    return typeof value === "string"
      ? [[name === "keyFile" ? "--key-file" : `--${name}`, withoutPassword(value)] as const]
      : [];
  });
}

function withoutPassword(address: string): string {
  return address.replace(/^([a-z+]+:\/\/[^:/@]*):.*@/i, "$1:PASSWORD@");
}

function whole(io: Io, args: string): string {
  const told = (io.carried ?? [])
    .filter(([flag]) => takes(args, flag) && !args.includes(flag))
    .map(([flag, value]) => ` ${flag} ${quoted(value)}`);
  return `${programName(io, process.argv[1])} ${args}${told.join("")}`;
}

/** The commands, or groups of them, that can ask a server. Every command takes a store. */
export const ASK_SERVERS: readonly string[] = ["session", "tail", "tiles"];

function takes(args: string, flag: string): boolean {
  return flag === "--store" || ASK_SERVERS.includes(args.split(" ")[0] ?? "");
}

/** How this command is called again: by its name, through npx where npm put it for a project alone, else by its path. */
export function programName({ env }: Pick<Io, "env">, script: string = ""): string {
  const found = (env["PATH"] ?? "").split(delimiter).filter((folder) => isIn(folder, script));
  if (found.some((folder) => !isOfProject(folder))) return "holodeck";
  // What npx fetched for once is called by the package's name: its command's may be another's there. In a checkout npx
  // keeps a link to it, and there the command has its own name.
  if (realPath(script).includes("/_npx/")) return "npx holodeck-session-manager";
  if (found.length > 0 || env["npm_command"] !== undefined) return "npx holodeck";
  return /^holodeck(\.js)?$/.test(basename(script)) ? quoted(script) : "holodeck";
}

function realPath(file: string): string {
  return existsSync(file) ? realpathSync(file) : file;
}

/** Whether the name `holodeck` is this very command in a folder. */
function isIn(folder: string, script: string): boolean {
  const file = join(folder, "holodeck");
  return (
    folder !== "" && existsSync(file) && existsSync(script) && realpathSync(file) === realpathSync(script)
  );
}

/** npm puts such a folder on the path of what it runs, which is not the path of whoever types. */
function isOfProject(folder: string): boolean {
  return /[/\\]node_modules[/\\]\.bin[/\\]?$/.test(folder);
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
