// `holodeck up`: the server, until it is told to stop.
import { HolodeckError } from "../event/error.ts";
import { bootId } from "../run/host.ts";
import { PLATO_PORT, ROUTER_PORT, startServer } from "../server/main.ts";
import { SystemClock } from "../session/system-clock.ts";
import { openStore } from "../store/open.ts";
import { addressOf, type StoreOption } from "./existing-store.ts";
import { EXIT } from "./exit-codes.ts";
import { untilInterrupted } from "./interrupt.ts";
import { note, printJson, type Io } from "./io.ts";
import { reportError } from "./report-error.ts";
import { version } from "./version.ts";

export interface UpOptions extends StoreOption {
  readonly host?: string;
  readonly port?: number;
  readonly routerPort?: number;
  readonly json?: boolean;
}

export async function command(_args: readonly string[], options: UpOptions, io: Io): Promise<number> {
  const ports = {
    port: options.port ?? portIn(io, "PLATO_PORT") ?? PLATO_PORT,
    routerPort: options.routerPort ?? portIn(io, "H1_ROUTER_PORT") ?? ROUTER_PORT,
  };
  const host = options.host ?? "127.0.0.1";
  return await untilInterrupted(async (stop) => {
    const store = await openStore(addressOf(options, io), io.env);
    try {
      const clock = new SystemClock(bootId());
      const report = (error: unknown): void => void reportError(error, io, false);
      const allowPrivateTargets = io.env["HOLODECK_ALLOW_PRIVATE_TARGETS"] === "1";
      const common = { store, clock, host, version: version(), report, allowPrivateTargets };
      const server = await startServer({ ...common, ...ports });
      try {
        tell(server, host, store.name, options, io);
        await stopped(stop);
      } finally {
        await server.close();
      }
    } finally {
      await store.close();
    }
    return EXIT.ok;
  });
}

function tell(
  { port, routerPort }: { readonly port: number; readonly routerPort: number },
  host: string,
  store: string,
  { json }: UpOptions,
  io: Io,
): void {
  const name = host.includes(":") ? `[${host}]` : host;
  note(
    io,
    `holodeck ${version()}: PLATO on http://${name}:${port}, the H1 router's port ${routerPort}, data in ${store}`,
  );
  if (json === true) printJson(io, { host, port, router_port: routerPort, store });
}

async function stopped(stop: AbortSignal): Promise<void> {
  if (stop.aborted) return;
  await new Promise<void>((resolve) => stop.addEventListener("abort", () => resolve(), { once: true }));
}

/** A port from the environment; an empty variable means unset. */
function portIn(io: Io, name: string): number | undefined {
  const text = io.env[name];
  if (text === undefined || text === "") return undefined;
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new HolodeckError("invalid_argument", {
    what: `${name} is ${JSON.stringify(text)}, which is no port.`,
    todo: `Set ${name} to 0 to 65535.`,
  });
}
