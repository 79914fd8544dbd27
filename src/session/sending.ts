// Whether and by what a manager sends tiles, and posts to webhooks.
import type { Clock } from "../event/clock.ts";
import type { Moment } from "../event/decider.ts";
import type { Store } from "../store/port.ts";
import type { Carrier, DeliveryMetrics } from "../tile/errand.ts";
import { Outbox } from "../tile/outbox.ts";
import type { TileSink } from "../tile/sink.ts";
import type { Webhook } from "../webhook/webhook.ts";
import { Webhooks } from "../webhook/webhooks.ts";
import type { Random } from "./host.ts";

export interface TilePorts {
  readonly sinkFor: (destination: string) => TileSink;
  /** From 0 to 1, for the jitter between tries. */
  readonly random: () => number;
  /**
   * Whether this manager sends what waits in its store, also of sessions whose process died, and marks its own
   * sessions to be sent. Default: when `platoUrl` is given. False leaves the sending to another process.
   */
  readonly deliver?: boolean;
}

export interface WebhookPorts {
  readonly webhooks: readonly Webhook[];
  readonly carrierFor: (webhook: Webhook) => Carrier;
  /** From 0 to 1, for the jitter between tries. */
  readonly random: () => number;
}

/** How long `close` goes on sending: enough for a server that is there, and no wait for one that is not. */
export const CLOSE_SEND_MS_MAX = 2_000;

/** Null when this manager sends no tiles. */
export function startOutbox(ports: {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly moment: () => Moment;
  readonly tiles?: TilePorts;
  readonly metrics: { readonly outbox?: DeliveryMetrics };
  readonly isPlatoGiven: boolean;
  readonly onError: (error: unknown) => void;
}): Outbox | null {
  const { store, clock, random, moment, tiles, metrics, onError } = ports;
  if (tiles === undefined || !(tiles.deliver ?? ports.isPlatoGiven)) return null;
  const { sinkFor, random: chance } = tiles;
  const counts = metrics.outbox === undefined ? {} : { metrics: metrics.outbox };
  const owner = random.id(clock.now());
  const outbox = new Outbox({ store, clock, moment, random: chance, owner, sinkFor, onError, ...counts });
  outbox.start();
  return outbox;
}

/** Null when this manager has no webhooks. Whatever happens once this has resolved is posted. */
export async function startWebhooks(ports: {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly moment: () => Moment;
  readonly webhooks?: WebhookPorts;
  readonly metrics: { readonly webhooks?: DeliveryMetrics };
  readonly onError: (error: unknown) => void;
}): Promise<Webhooks | null> {
  const { store, clock, random, moment, webhooks: declared, metrics, onError } = ports;
  if (declared === undefined || declared.webhooks.length === 0) return null;
  const counts = metrics.webhooks === undefined ? {} : { metrics: metrics.webhooks };
  const owner = random.id(clock.now());
  const webhooks = new Webhooks({ ...declared, store, clock, moment, owner, onError, ...counts });
  await webhooks.start();
  return webhooks;
}
