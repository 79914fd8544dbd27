// `node rival.ts ADDRESS STREAMS APPENDS`: a process that appends to streams others append to as well, and reports
// on stdout how many of its appends were acknowledged.
import { testItem, testStream } from "../../src/testing/events.ts";
import type { Store } from "../../src/store/port.ts";
import { openStore } from "../../src/store/open.ts";

const [address = "", streams = "1", appends = "1"] = process.argv.slice(2);
const store = await openStore(address);
let acknowledged = 0;
await Promise.all(
  Array.from({ length: Number(appends) }, async (_, n) => {
    await appendTo(store, `s${n % Number(streams)}`, n);
    acknowledged++;
  }),
);
process.stdout.write(`${acknowledged}\n`);
await store.close();

/** Tries until it is first. */
async function appendTo(to: Store, id: string, n: number): Promise<void> {
  const stream = testStream(id);
  for (;;) {
    const head = await to.head({ stream });
    const [last] = head === null ? [] : await to.read({ stream, afterSeq: head.seq - 1, limit: 1 });
    const data = { pid: process.pid, n };
    const [result] = await to.append([testItem({ stream, after: last, facts: [{ data }] })]);
    if (result?.status === "appended") return;
  }
}
