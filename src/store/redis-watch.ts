// Notices between processes by Redis's PUBLISH, on a channel named after the prefix.
import type { Ears } from "./news.ts";
import type { RedisClient } from "./redis-client.ts";

export async function announce(client: RedisClient, sender: string): Promise<void> {
  await client.call("PUBLISH", channel(client), sender);
}

/** Listens to all but `self`, until the function it returns is called; the driver reconnects by itself. */
export function listen(client: RedisClient, self: string, ears: Ears): () => void {
  const listener = client.listener();
  listener.on("message", (_channel: string, sender: string) => {
    if (sender !== self) ears.onNotice();
  });
  listener.on("ready", () => {
    listener.subscribe(channel(client)).then(ears.onConnected, () => undefined);
  });
  listener.connect().catch(() => undefined);
  return () => listener.disconnect();
}

function channel({ address }: RedisClient): string {
  return `${address.prefix}:news`;
}
