// The reactors that post to webhooks, one for each: a webhook that is away holds up no other.
import { Deliveries, type DeliveriesOptions } from "../tile/deliveries.ts";
import type { Carrier } from "../tile/errand.ts";
import { errandOf } from "./post-errand.ts";
import type { Webhook } from "./webhook.ts";

export interface WebhooksOptions extends Omit<DeliveriesOptions, "errand" | "carrierFor"> {
  readonly webhooks: readonly Webhook[];
  readonly carrierFor: (webhook: Webhook) => Carrier;
}

export class Webhooks {
  readonly #deliveries: readonly Deliveries[];

  constructor({ webhooks, carrierFor, ...options }: WebhooksOptions) {
    this.#deliveries = webhooks.map(
      (webhook) =>
        new Deliveries({ ...options, errand: errandOf(webhook), carrierFor: () => carrierFor(webhook) }),
    );
  }

  /** Posts what happens from when this has resolved on, and what earlier processes left; until `stop`. */
  async start(): Promise<void> {
    for (const one of this.#deliveries) await one.begin();
    for (const one of this.#deliveries) one.start();
  }

  /** Stops: for `withinMs` what waits is still posted; the next process goes on. */
  async stop(withinMs: number): Promise<void> {
    await Promise.all(this.#deliveries.map(async (one) => await one.stop(withinMs)));
  }
}
