// Live readers in a process of their own: `PORT COUNT`. Says `ready` when all are told of new events. For each line with
// a number it reads, waits until every reader has so many events, and tells how far behind they came, in milliseconds.
import { connect } from "node:net";
import { createInterface } from "node:readline";

const ID = /"seq":(\d+)/;
const AT = /"at":(\d+)/;

const [port = 0, count = 0] = process.argv.slice(2).map(Number);
/** The seq of each reader's newest event. */
const seqs = new Uint32Array(count);
let behind: number[] = [];
let whole = 0;
let wanted = Number.POSITIVE_INFINITY;

await Promise.all(Array.from(seqs, async (_, index) => await open(index)));
process.stdout.write("ready\n");
for await (const line of createInterface({ input: process.stdin })) {
  wanted = Number(line);
  whole = seqs.filter((seq) => seq >= wanted).length;
  tellWhenWhole();
}
process.exit(0);

async function open(index: number): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  socket.setEncoding("latin1");
  socket.write(`GET /v1/events?room=bench%2Flive HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  let rest = "";
  await new Promise<void>((resolve) => {
    socket.on("data", (chunk: string) => {
      const blocks = (rest + chunk).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        if (block.includes("\ndata: ")) take(index, block);
        else if (block.includes("retry: ")) resolve();
      }
    });
    socket.on("close", () => fail(`Reader ${index} was cut.`));
  });
}

function take(index: number, block: string): void {
  const seq = Number(ID.exec(block)?.[1]);
  if (seq !== (seqs[index] ?? 0) + 1) fail(`Reader ${index} got event ${seq} after ${seqs[index]}.`);
  seqs[index] = seq;
  behind.push(Date.now() - Number(AT.exec(block)?.[1]));
  if (seq !== wanted) return;
  whole++;
  tellWhenWhole();
}

function tellWhenWhole(): void {
  if (whole < count) return;
  behind.sort((a, b) => a - b);
  const at = (share: number): number => behind[Math.floor(share * (behind.length - 1))] ?? Number.NaN;
  process.stdout.write(`${JSON.stringify({ p50: at(0.5), p99: at(0.99), most: at(1) })}\n`);
  behind = [];
  wanted = Number.POSITIVE_INFINITY;
}

function fail(why: string): void {
  process.stderr.write(`${why}\n`);
  process.exit(1);
}
