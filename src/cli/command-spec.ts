// What a command is, as data.
import type { Io } from "./io.ts";

export interface CommandSpec {
  /** A key of `GROUPS`; absent for a command of its own. */
  readonly group?: string;
  /** Its name and arguments: `show <session>`. */
  readonly usage: string;
  /** One line in the list of commands. */
  readonly summary: string;
  readonly description: string;
  readonly examples: readonly string[];
  /** Beside `--store` and `--json`, which all have. */
  readonly options: readonly OptionSpec[];
  readonly load: () => Promise<CommandModule>;
}

export interface OptionSpec {
  readonly flags: string;
  readonly text: string;
  readonly choices?: readonly string[];
  /** The value is a whole number within these. */
  readonly range?: readonly [min: number, max: number];
  /** May stand several times; the value is the list. */
  readonly isList?: boolean;
}

/** What each command's module exports. The options are those of its spec, by their names in camelCase. */
export interface CommandModule {
  command(args: readonly string[], options: never, io: Io): Promise<number>;
}
