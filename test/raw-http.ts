// A connection on which a test writes what no HTTP client would.
import { connect, type Socket } from "node:net";

export interface RawConnection {
  readonly socket: Socket;
  /** All that came, once the other side has closed. */
  readonly ended: Promise<string>;
}

export function openRaw(port: number): RawConnection {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
  // Whoever writes to a connection that was cut is told so by an error; what came before counts.
  socket.on("error", () => undefined);
  const ended = new Promise<string>((resolve) => void socket.on("close", () => resolve(text)));
  return { socket, ended };
}

/** Sends a request as it stands and answers all that comes until the connection is closed. */
export async function sendRaw(port: number, request: string): Promise<string> {
  const { socket, ended } = openRaw(port);
  socket.write(request);
  return await ended;
}

/** 200 of `HTTP/1.1 200 OK…`; 0 when nothing came. */
export function statusIn(text: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0);
}
