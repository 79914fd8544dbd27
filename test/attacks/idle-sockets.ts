// A process that opens so many connections to a port, says nothing on them, and holds those it is left until it is
// ended: `node idle-sockets.ts 10000 8848`.
import { connect, type Socket } from "node:net";

/** More at once overflow the queue of a listening socket, and are tried again by the system after a second. */
const AT_ONCE = 100;

const [count = 0, port = 0] = process.argv.slice(2).map(Number);
const held: Socket[] = [];

async function open(): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", resolve);
    // Those that were there are cut to make room; one that cannot be opened is a failure.
    socket.on("error", reject);
    held.push(socket);
  });
}

for (let opened = 0; opened < count; opened += AT_ONCE)
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - opened) }, open));
process.stdout.write(`${JSON.stringify({ opened: held.length })}\n`);
// Whoever started it may end it; when that one is gone, so is this.
process.stdin.resume().once("end", () => process.exit());
