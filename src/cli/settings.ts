// What `holodeck up` runs with, and where each of it was said: a flag wins over the environment, that over the
// configuration file, that over the default.
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { HolodeckError } from "../event/error.ts";
import { PLATO_PORT, ROUTER_PORT } from "../server/main.ts";
import { storeAddress } from "../store/open.ts";
import { LOG_LEVELS, type LogLevel } from "../telemetry/log.ts";
import { fileOf } from "./existing-store.ts";
import type { Io } from "./io.ts";
import { readSettings } from "./settings-file.ts";
import type { SettingsInFile } from "./settings-schema.ts";

export interface Settings {
  readonly host: string;
  readonly port: number;
  readonly routerPort: number;
  /** An address, as `openStore` takes it. */
  readonly store: string;
  /** Null for none. */
  readonly keyFile: string | null;
  /** An operator's key itself, from PLATO_API_KEY; null for none. */
  readonly apiKey: string | null;
  readonly allowHosts: readonly string[];
  readonly logLevel: LogLevel;
  readonly jwt: NonNullable<SettingsInFile["jwt"]> | null;
  /** As the file has them, their secrets too. */
  readonly webhooks: NonNullable<SettingsInFile["webhooks"]>;
  /** Whether tiles and posts may go to addresses of private networks. */
  readonly allowPrivateTargets: boolean;
  /** Agents and tasks of the router's fleet, YAML; null for none. */
  readonly fleetFile: string | null;
  /** What is added to V for the threshold of emergence; null for what each fleet says of itself. */
  readonly emergenceThreshold: number | null;
  /** Where the fleets' tiles go; null for what each fleet says of itself. */
  readonly platoUrl: string | null;
}

/** As flags give them. */
export interface SettingsFlags {
  readonly config?: string;
  readonly host?: string;
  readonly port?: number;
  readonly routerPort?: number;
  readonly store?: string;
  readonly keyFile?: string;
  readonly allowHost?: readonly string[];
  readonly fleet?: string;
}

export interface LoadedSettings {
  readonly settings: Settings;
  /** `default`, `file`, `env NAME` or `flag --name`. */
  readonly sources: Readonly<Record<keyof Settings, string>>;
  /** The configuration file; null for none. */
  readonly file: string | null;
}

const FILE_NAME = "holodeck.yaml";

/** Throws `invalid_argument` for what cannot be, wherever it was said, and `not_found` for a file that is not there. */
export function loadSettings(flags: SettingsFlags, { env }: Pick<Io, "env">): LoadedSettings {
  const file = flags.config ?? named(env["HOLODECK_CONFIG"]) ?? (existsSync(FILE_NAME) ? FILE_NAME : null);
  const inFile = file === null ? {} : withPaths(readSettings(file), dirname(resolve(file)));
  const chosen = {
    host: choose("127.0.0.1", inFile.host, [env, "HOLODECK_HOST", text], ["--host", flags.host]),
    port: choose(PLATO_PORT, inFile.port, [env, "PLATO_PORT", port], ["--port", flags.port]),
    routerPort: choose(
      ROUTER_PORT,
      inFile.router_port,
      [env, "H1_ROUTER_PORT", port],
      ["--router-port", flags.routerPort],
    ),
    store: chooseStore(inFile.store, env, flags.store),
    keyFile: choose<string | null>(
      null,
      inFile.key_file,
      [env, "HOLODECK_KEY_FILE", text],
      ["--key-file", flags.keyFile],
    ),
    apiKey: choose<string | null>(null, undefined, [env, "PLATO_API_KEY", text], ["", undefined]),
    allowHosts: choose<readonly string[]>(
      [],
      inFile.allow_hosts,
      [env, "HOLODECK_ALLOW_HOSTS", list],
      ["--allow-host", flags.allowHost],
    ),
    logLevel: choose<LogLevel>("info", inFile.log_level, [env, "LOG_LEVEL", level], ["", undefined]),
    jwt: choose<Settings["jwt"]>(null, inFile.jwt, null, ["", undefined]),
    webhooks: choose<Settings["webhooks"]>([], inFile.webhooks, null, ["", undefined]),
    allowPrivateTargets: choose<boolean>(
      false,
      inFile.allow_private_targets,
      [env, "HOLODECK_ALLOW_PRIVATE_TARGETS", isOne],
      ["", undefined],
    ),
    ...fleetSettings(inFile, env, flags),
  };
  const entries = Object.entries(chosen);
  return {
    settings: Object.fromEntries(entries.map(([name, { value }]) => [name, value])) as unknown as Settings,
    sources: Object.fromEntries(
      entries.map(([name, { source }]) => [name, source]),
    ) as LoadedSettings["sources"],
    file,
  };
}

function fleetSettings(
  { fleet_file, emergence_threshold, plato_url }: SettingsInFile,
  env: Environment,
  flags: SettingsFlags,
) {
  const noFlag = ["", undefined] as const;
  return {
    fleetFile: choose<string | null>(null, fleet_file, null, ["--fleet", flags.fleet]),
    emergenceThreshold: choose<number | null>(
      null,
      emergence_threshold,
      [env, "EMERGENCE_THRESHOLD", offset],
      noFlag,
    ),
    platoUrl: choose<string | null>(null, plato_url, [env, "PLATO_URL", url], noFlag),
  };
}

interface Chosen<Value> {
  readonly value: Value;
  readonly source: string;
}

type Environment = Io["env"];

function choose<Value>(
  fallback: Value,
  inFile: Value | undefined,
  fromEnv: readonly [Environment, string, (text: string, name: string) => Value] | null,
  [flag, given]: readonly [string, Value | undefined],
): Chosen<Value> {
  if (given !== undefined) return { value: given, source: `flag ${flag}` };
  if (fromEnv !== null) {
    const [env, name, read] = fromEnv;
    const value = named(env[name]);
    if (value !== undefined) return { value: read(value, name), source: `env ${name}` };
  }
  return inFile === undefined ? { value: fallback, source: "default" } : { value: inFile, source: "file" };
}

/** Two variables name it: the store itself, or the folder it lies in. */
function chooseStore(inFile: string | undefined, env: Environment, flag: string | undefined): Chosen<string> {
  if (flag !== undefined) return { value: flag, source: "flag --store" };
  const variable = ["HOLODECK_STORE", "HOLODECK_HOME"].find((name) => named(env[name]) !== undefined);
  if (variable !== undefined) return { value: storeAddress(env), source: `env ${variable}` };
  return inFile === undefined
    ? { value: storeAddress({}), source: "default" }
    : { value: inFile, source: "file" };
}

/** What a file names lies beside it. */
function withPaths(
  { store, key_file, jwt, fleet_file, ...rest }: SettingsInFile,
  folder: string,
): SettingsInFile {
  const path = store === undefined ? null : fileOf(store);
  return {
    ...rest,
    ...(store !== undefined && { store: path === null ? store : resolve(folder, path) }),
    ...(key_file !== undefined && { key_file: resolve(folder, key_file) }),
    ...(fleet_file !== undefined && { fleet_file: resolve(folder, fleet_file) }),
    ...(jwt !== undefined && { jwt: { ...jwt, key_file: resolve(folder, jwt.key_file) } }),
  };
}

/** An empty variable means unset, as shells make no difference. */
function named(value: string | undefined): string | undefined {
  return value === "" ? undefined : value;
}

function text(value: string): string {
  return value;
}

function isOne(value: string): boolean {
  return value === "1";
}

function port(value: string, name: string): number {
  if (/^\d{1,5}$/.test(value) && Number(value) <= 65_535) return Number(value);
  throw new HolodeckError("invalid_argument", {
    what: `${name} is ${JSON.stringify(value)}, which is no port.`,
    todo: `Set ${name} to 0 to 65535.`,
  });
}

function list(value: string): readonly string[] {
  return value.split(",").flatMap((one) => (one.trim() === "" ? [] : [one.trim()]));
}

function level(value: string, name: string): LogLevel {
  const found = LOG_LEVELS.find((one) => one === value.toLowerCase());
  if (found !== undefined) return found;
  throw new HolodeckError("invalid_argument", {
    what: `${name} is ${JSON.stringify(value)}, which is no level.`,
    todo: `Set ${name} to one of ${LOG_LEVELS.join(", ")}.`,
  });
}

function offset(value: string, name: string): number {
  if (/^[+-]?\d{1,7}$/.test(value)) return Number(value);
  throw new HolodeckError("invalid_argument", {
    what: `${name} is ${JSON.stringify(value)}, which is no whole number.`,
    todo: "Set it to the offset of the threshold from V, such as -2.",
  });
}

function url(value: string, name: string): string {
  const parsed = URL.canParse(value) ? new URL(value) : null;
  if (
    parsed !== null &&
    /^https?:$/.test(parsed.protocol) &&
    parsed.username === "" &&
    parsed.password === ""
  )
    return value;
  throw new HolodeckError("invalid_argument", {
    what: `${name} is no http or https URL without a password.`,
    todo: "Set it to where the PLATO server is, such as http://localhost:8848.",
  });
}
