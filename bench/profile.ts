// Where a round's time goes, by the profiler: what stands beside a row, so that one that is not reached says why.
import { Session, type Profiler } from "node:inspector/promises";

const PROFILER = "the profiler itself";

/** Shares below this say nothing. */
const SHARE_MIN = 0.01;

/** Runs `work` once more and answers the shares of its time, the largest first: `SQLite 71 %, src/event 9 %`. */
export async function profile(work: () => Promise<void>): Promise<string> {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.setSamplingInterval", { interval: 100 });
  await session.post("Profiler.start");
  await work();
  const { profile: taken } = await session.post("Profiler.stop");
  session.disconnect();
  const micros = timeByPlace(taken);
  micros.delete(PROFILER);
  const total = [...micros.values()].reduce((sum, one) => sum + one, 0);
  return [...micros]
    .sort((a, b) => b[1] - a[1])
    .filter(([, one]) => one / total >= SHARE_MIN)
    .map(([place, one]) => `${place} ${Math.round((one / total) * 100)} %`)
    .join(", ");
}

function timeByPlace({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Map<string, number> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(
    nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
  );
  const micros = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const place = placeOf(id, byId, parents);
    micros.set(place, (micros.get(place) ?? 0) + (timeDeltas[index] ?? 0));
  }
  return micros;
}

/** What a native function does counts for the file that called it; statements are run by one file alone. */
function placeOf(
  id: number,
  byId: ReadonlyMap<number, Profiler.ProfileNode>,
  parents: ReadonlyMap<number, number>,
): string {
  for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
    const { url = "", functionName = "" } = byId.get(at)?.callFrame ?? {};
    if (url === "node:inspector") return PROFILER;
    if (functionName === "(garbage collector)") return "garbage collection";
    if (url.endsWith("/src/store/sqlite-query.ts")) return "SQLite";
    const folder = /\/(src\/[a-z]+|bench)\//.exec(url)?.[1];
    if (folder !== undefined) return folder;
    if (url.includes("/node_modules/prom-client/")) return "prom-client";
  }
  return "Node itself";
}
