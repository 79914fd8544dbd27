// `node victim.ts ORDERS`: the process that works until it is killed. ORDERS is JSON.
import { openSync } from "node:fs";
import { SystemClock } from "../../src/session/system-clock.ts";
import { bootId } from "../../src/run/host.ts";
import { SessionManager } from "../../src/local.ts";
import { openStore } from "../../src/store/open.ts";
import type { Store } from "../../src/store/port.ts";
import { announced } from "./announced-store.ts";
import { withFault, type Fault } from "./faults.ts";
import { noteTaker } from "./notes.ts";
import { mortal, passing, wrapSqlite, type Point } from "./points.ts";
import { tellTo } from "./protocol.ts";
import { changeSettings, type SqliteSettings } from "./sqlite-settings.ts";
import { workForever } from "./work.ts";

export interface Orders {
  readonly address: string;
  readonly point: Point | null;
  readonly fault: Fault | null;
  readonly sqlite: SqliteSettings | null;
  /** Where to write what happens: a file, or null for the pipe at descriptor 3. */
  readonly report: string | null;
}

const { address, point, fault, sqlite, report } = JSON.parse(process.argv[2] ?? "") as Orders;
const tell = tellTo(report === null ? 3 : openSync(report, "a"));
const pass = passing(point, tell);
if (sqlite !== null) changeSettings(sqlite);
if (point?.name.startsWith("sqlite:") === true) wrapSqlite(pass);

async function open(): Promise<Store> {
  return announced(withFault(mortal(await openStore(address), pass), fault), tell);
}

const config = { sessionName: "crash", agentId: "victim" };
const manager = new SessionManager(config, { store: await open() });
const rival = new SessionManager(config, { store: await open() });
noteTaker({ store: await manager.store(), clock: new SystemClock(bootId()) }).start();
await workForever({ manager, rival, tell, pass });
