// `holodeck config show`: what `holodeck up` would run with, as a configuration file says it, and where each was said.
import { stringify } from "yaml";
import { withoutSecrets } from "../telemetry/log.ts";
import { EXIT } from "./exit-codes.ts";
import { note, print, printJson, type Io } from "./io.ts";
import { printable } from "./printable.ts";
import { loadSettings, type Settings, type SettingsFlags } from "./settings.ts";

export interface ConfigShowOptions extends SettingsFlags {
  readonly sources?: boolean;
  readonly json?: boolean;
}

/** The names files have for them; `api_key` is for the environment alone. */
const NAMES = {
  host: "host",
  port: "port",
  routerPort: "router_port",
  store: "store",
  keyFile: "key_file",
  apiKey: "api_key",
  allowHosts: "allow_hosts",
  logLevel: "log_level",
  jwt: "jwt",
  webhooks: "webhooks",
  allowPrivateTargets: "allow_private_targets",
  fleetFile: "fleet_file",
  emergenceThreshold: "emergence_threshold",
  platoUrl: "plato_url",
} as const satisfies Record<keyof Settings, string>;

export async function command(_args: readonly string[], options: ConfigShowOptions, io: Io): Promise<number> {
  const { settings, sources, file } = loadSettings(options, io);
  const shown = (Object.keys(NAMES) as (keyof Settings)[]).map((name) => ({
    name: NAMES[name],
    value: shownOf(name, settings),
    source: sources[name],
  }));
  if (options.json === true) {
    printJson(io, {
      file,
      settings: Object.fromEntries(shown.map(({ name, value }) => [name, value])),
      ...(options.sources === true && {
        sources: Object.fromEntries(shown.map(({ name, source }) => [name, source])),
      }),
    });
    return EXIT.ok;
  }
  if (file !== null) note(io, `The configuration file is ${file}.`);
  for (const { name, value, source } of shown) {
    const line = `${name}: ${printable(stringify(value, { collectionStyle: "flow", lineWidth: 0 }).trimEnd())}`;
    print(io, options.sources === true ? `${line}  # ${source}` : line);
  }
  return await Promise.resolve(EXIT.ok);
}

function shownOf(name: keyof Settings, settings: Settings): unknown {
  const value = settings[name];
  if (name === "apiKey") return value === null ? null : "[masked]";
  if (name === "webhooks") return settings.webhooks.map((webhook) => withoutSecret(webhook));
  return typeof value === "string" ? withoutSecrets(value, []) : value;
}

/** The path of a webhook's URL may be a secret as well as its secret. */
function withoutSecret({ url, secret, ...rest }: Settings["webhooks"][number]): object {
  const origin = URL.canParse(url) ? new URL(url).origin : "[masked]";
  return { url: `${origin}/…`, ...rest, ...(secret !== undefined && { secret: "[masked]" }) };
}
