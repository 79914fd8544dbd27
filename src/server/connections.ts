// So many connections and no more. One too many takes the place of the one that has waited longest without a request
// under way: who opens connections and says nothing, or says it drop by drop, keeps nobody else out, nor the server open.
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

export interface Connections {
  /** Ends those on which nothing has come yet: until the first request Node takes a connection for busy. */
  endSilent(): void;
}

/** Where all are being answered, the newest is cut. */
export function boundConnections(server: Server, connectionsMax: number): Connections {
  const requests = new Map<Socket, number>();
  /** Those without a request under way, who has waited longest first. */
  const waiting = new Set<Socket>();
  const leave = (socket: Socket): void => {
    requests.delete(socket);
    waiting.delete(socket);
  };
  server.on("connection", (socket: Socket) => {
    requests.set(socket, 0);
    waiting.add(socket);
    socket.once("close", () => leave(socket));
    if (requests.size <= connectionsMax) return;
    const [longest = socket] = waiting;
    leave(longest);
    longest.destroy();
  });
  server.on("request", ({ socket }: IncomingMessage, outgoing: ServerResponse) => {
    requests.set(socket, (requests.get(socket) ?? 0) + 1);
    waiting.delete(socket);
    outgoing.once("close", () => {
      const left = (requests.get(socket) ?? 1) - 1;
      if (socket.destroyed) return leave(socket);
      requests.set(socket, left);
      if (left === 0) waiting.add(socket);
    });
  });
  return {
    endSilent: () => {
      for (const socket of waiting) if (socket.bytesRead === 0) socket.destroy();
    },
  };
}
