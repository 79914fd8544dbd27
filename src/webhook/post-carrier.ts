// Posts events to one webhook, signed.
import type { Clock } from "../event/clock.ts";
import type { StoredEvent } from "../event/log.ts";
import { Endpoint, failureAnswer } from "../tile/endpoint.ts";
import type { Carrier } from "../tile/errand.ts";
import { answerOf } from "../tile/sink-answer.ts";
import type { SinkAnswer } from "../tile/sink.ts";
import type { TargetOptions } from "../tile/target.ts";
import { kindOf, postOf } from "./kinds.ts";
import { ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER } from "./signature.ts";
import type { Webhook } from "./webhook.ts";

export interface PostCarrierOptions extends TargetOptions {
  readonly webhook: Webhook;
  readonly clock: Clock;
}

export class PostCarrier implements Carrier {
  readonly #webhook: Webhook;
  readonly #clock: Clock;
  readonly #endpoint: Endpoint;

  constructor({ webhook, ...options }: PostCarrierOptions) {
    this.#webhook = webhook;
    this.#clock = options.clock;
    this.#endpoint = new Endpoint({ ...options, url: new URL(webhook.url) });
  }

  async carry(stored: StoredEvent, signal: AbortSignal): Promise<SinkAnswer> {
    const kind = kindOf(stored.event);
    if (kind === null) return { status: "delivered" };
    const now = this.#clock.now();
    const signed = {
      id: stored.hash,
      timestamp: Math.floor(now / 1_000),
      body: JSON.stringify(postOf(kind, stored)),
    };
    const headers = {
      "content-type": "application/json",
      "user-agent": "holodeck",
      [ID_HEADER]: signed.id,
      [TIMESTAMP_HEADER]: String(signed.timestamp),
      [SIGNATURE_HEADER]: this.#webhook.sign(signed),
    };
    try {
      const answer = await this.#endpoint.request({ method: "POST", headers, body: signed.body, signal });
      return answerOf(answer, now);
    } catch (error) {
      return failureAnswer(error);
    }
  }

  close(): void {
    this.#endpoint.close();
  }
}
