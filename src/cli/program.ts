// From arguments to a command: parsing, help, faults of usage, and the exit code.
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { configuredStore } from "./configured-store.ts";
import { COMMANDS, GROUPS, type CommandSpec, type OptionSpec } from "./commands.ts";
import { EXIT } from "./exit-codes.ts";
import { carriedOf } from "./hint.ts";
import { processIo, type Io, type Output } from "./io.ts";
import { reportError, writeReport } from "./report-error.ts";
import type { SourceOption } from "./session-source.ts";
import { urlOf } from "./source.ts";
import { version } from "./version.ts";

/** Runs the command that `argv` (without node and script) names, and answers its exit code. */
export async function runCommand(argv: readonly string[], given: Io = processIo()): Promise<number> {
  const isJson = argv.includes("--json");
  // What the command is told on its line is known once that has been read.
  const io: Told = { ...given, carried: [] };
  process.on("uncaughtException", (error) => process.exit(reportError(error, io, isJson)));
  let exitCode: number = EXIT.ok;
  const program = buildProgram(io, (code) => (exitCode = code));
  try {
    await program.parseAsync(argv, { from: "user" });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) return reportError(error, io, isJson);
    if (error.exitCode === 0) return EXIT.ok;
    // Without a command the help has been shown.
    if (error.code !== "commander.help") writeReport(usageFault(error, program, argv), io, isJson);
    return EXIT.usage;
  }
}

type Told = Io & { carried: NonNullable<Io["carried"]> };

function buildProgram(io: Told, done: (exitCode: number) => void): Command {
  const program = new Command("holodeck")
    .description("The boundary around a piece of work that agents do: bounded, logged, resumable.")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "show this help")
    .helpCommand("help [command]", "show the help of a command")
    .addHelpText("after", examples(["holodeck demo", "holodeck run PLAN.yaml", "holodeck session ls"]))
    .exitOverride()
    .configureHelp({ minWidthToWrap: 20 })
    .configureOutput({
      writeOut: (text) => void io.out.write(text),
      writeErr: (text) => void io.err.write(text),
      getOutHelpWidth: () => helpWidth(io.out),
      getErrHelpWidth: () => helpWidth(io.err),
      // Said by `writeReport`, in the words every error has.
      outputError: () => undefined,
    });
  for (const spec of COMMANDS) addCommand(parentOf(spec, program), { spec, io, done });
  return program;
}

/** As wide as the terminal, but no wider than can be read. */
function helpWidth({ columns = 80 }: Output): number {
  return Math.min(columns, 110);
}

/** A group stands in the help where its first command does. */
function parentOf({ group }: CommandSpec, program: Command): Command {
  if (group === undefined) return program;
  const there = program.commands.find((one) => one.name() === group);
  return there ?? program.command(group).description(GROUPS[group] ?? "");
}

interface Added {
  readonly spec: CommandSpec;
  readonly io: Told;
  readonly done: (exitCode: number) => void;
}

function addCommand(parent: Command, { spec, io, done }: Added): void {
  const command = parent
    .command(spec.usage)
    .summary(spec.summary)
    .description(spec.description)
    .addHelpText("after", examples(spec.examples));
  for (const option of [...spec.options, STORE, JSON_OUTPUT]) command.addOption(optionOf(option));
  command.action(async () => {
    const module = await spec.load();
    const options: SourceOption = command.opts();
    io.carried = carriedOf(command.opts());
    const isTold = readsSettings(spec) || (asksServers(spec) && urlOf(options, io) !== null);
    const store = options.store ?? (isTold ? undefined : await configuredStore(io));
    const whole = store === undefined ? options : { ...options, store };
    done(await module.command(command.args, whole as never, io));
  });
}

/** Such commands read the configuration file themselves. */
function readsSettings({ options }: CommandSpec): boolean {
  return options.some(({ flags }) => flags.startsWith("--config "));
}

/** Such commands can ask a server in place of a store. */
function asksServers({ options }: CommandSpec): boolean {
  return options.some(({ flags }) => flags.startsWith("--url "));
}

const STORE: OptionSpec = {
  flags: "--store <address>",
  text: "a path, or another store's address (default: $HOLODECK_STORE, else holodeck.db in $HOLODECK_HOME or ./.holodeck)",
};
const JSON_OUTPUT: OptionSpec = { flags: "--json", text: "print JSON for programs" };

function optionOf({ flags, text, choices, range, isList }: OptionSpec): Option {
  const option = new Option(flags, text);
  if (choices !== undefined) option.choices(choices);
  if (range !== undefined) option.argParser((value) => wholeNumber(value, range));
  if (isList === true)
    option.argParser((value, before: readonly string[] | undefined) => [...(before ?? []), value]);
  return option;
}

function wholeNumber(value: string, [min, max]: readonly [number, number]): number {
  const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new InvalidArgumentError(`Write a whole number from ${min} to ${max}.`);
}

function examples(lines: readonly string[]): string {
  const heading = lines.length === 1 ? "Example:" : "Examples:";
  return `\n${heading}\n${lines.map((line) => `  $ ${line}`).join("\n")}`;
}

/** Commander's message: `error: unknown option '--jsn'` and perhaps, on its own line, `(Did you mean --json?)`. */
function usageFault(error: CommanderError, program: Command, argv: readonly string[]) {
  const [first = "", ...rest] = error.message.replace(/^error: /, "").split("\n");
  const suggestion = rest.join(" ").replaceAll(/[()]/g, "");
  const what = `${first.charAt(0).toUpperCase()}${first.slice(1)}`.replace(/[.\s]*$/, ".");
  const help = `\`${commandPath(program, argv)} --help\` shows what there is.`;
  return { code: "usage", what, todo: suggestion === "" ? help : `${suggestion} ${help}` };
}

/** `holodeck session ls` of `session ls --jsn`. */
function commandPath(program: Command, argv: readonly string[]): string {
  const path = [program.name()];
  let command: Command | undefined = program;
  for (const word of argv) {
    command = command.commands.find((one) => one.name() === word);
    if (command === undefined) break;
    path.push(word);
  }
  return path.join(" ");
}
