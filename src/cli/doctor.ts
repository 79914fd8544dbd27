// `holodeck doctor`: whether this machine and this store can carry sessions, check by check, and what to do if not.
import { HolodeckError } from "../event/error.ts";
import { palette, wantsColor } from "./ansi.ts";
import type { Check } from "./check.ts";
import { checkClock, checkNode, checkPlatform, checkProcesses } from "./doctor-machine.ts";
import { checkLeftovers, checkRecovery, checkSessions } from "./doctor-sessions.ts";
import { checkDisk, checkFolder, checkStore } from "./doctor-store.ts";
import { addressOf, type StoreOption } from "./existing-store.ts";
import { EXIT } from "./exit-codes.ts";
import { pasteable } from "./hint.ts";
import { print, printJson, type Io } from "./io.ts";
import { printable } from "./printable.ts";
import { styleStatus } from "./status-style.ts";
import { version } from "./version.ts";

export interface DoctorOptions extends StoreOption {
  readonly json?: boolean;
}

export async function command(_args: readonly string[], options: DoctorOptions, io: Io): Promise<number> {
  const checks = await examine(addressOf(options, io), io);
  const ok = checks.every(({ status }) => status !== "fail");
  if (options.json === true) printJson(io, { ok, version: version(), checks });
  else show(checks, io);
  return ok ? EXIT.ok : EXIT.failed;
}

async function examine(address: string, io: Io): Promise<readonly Check[]> {
  const looks: readonly (readonly [name: string, look: () => Check | Promise<Check>])[] = [
    ["holodeck", () => ({ name: "holodeck", status: "ok", what: `Version ${version()}.` })],
    ["node", checkNode],
    ["platform", checkPlatform],
    ["clock", checkClock],
    ["processes", checkProcesses],
    ["folder", () => checkFolder(address)],
    ["store", async () => await checkStore(address, io)],
    ["disk", () => checkDisk(address)],
    ["sessions", async () => await checkSessions(address, io)],
    ["leftovers", async () => await checkLeftovers(address, io)],
    ["recovery", async () => await checkRecovery(address, io)],
  ];
  const checks: Check[] = [];
  for (const [name, look] of looks) checks.push(await looked({ name, look, before: checks, io }));
  return checks;
}

interface Look {
  readonly name: string;
  readonly look: () => Check | Promise<Check>;
  readonly before: readonly Check[];
  readonly io: Io;
}

/** A look that fails is a finding too: one trouble must not hide the others, nor be told again by all it hides. */
async function looked({ name, look, before, io }: Look): Promise<Check> {
  try {
    return whole(await look(), io);
  } catch (error) {
    const told =
      error instanceof HolodeckError
        ? { what: error.what, todo: error.todo }
        : { what: error instanceof Error ? error.message : String(error) };
    const check = whole({ name, status: "fail", ...told }, io);
    const same = before.find(({ what }) => what === check.what);
    return same === undefined ? check : { name, status: "warn", what: `Not looked at: see ${same.name}.` };
  }
}

function whole(check: Check, io: Io): Check {
  return check.todo === undefined ? check : { ...check, todo: pasteable(io, check.todo) };
}

function show(checks: readonly Check[], io: Io): void {
  const colors = palette(wantsColor(io.out, io.env));
  for (const { name, status, what, todo } of checks) {
    print(io, `${styleStatus(status.padEnd(4), colors)}  ${name.padEnd(9)}  ${printable(what)}`);
    if (todo !== undefined) print(io, `                 ${printable(todo)}`);
  }
}
