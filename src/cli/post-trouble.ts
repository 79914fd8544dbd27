// Whether a webhook takes what it is posted, seen by who posts: told when that changes, and not with every try.
import type { Carrier } from "../tile/errand.ts";
import type { SinkAnswer } from "../tile/sink.ts";
import { destinationOf } from "../webhook/post-errand.ts";
import type { Webhook } from "../webhook/webhook.ts";

/** `answer` is the first of its kind since the one before. The destination is without the URL's path, often the secret. */
export type TellTrouble = (destination: string, answer: SinkAnswer) => void;

/** The carriers it is given, watched. */
export function watched(
  carrierFor: (webhook: Webhook) => Carrier,
  tell: TellTrouble,
): (webhook: Webhook) => Carrier {
  return (webhook) => {
    const carrier = carrierFor(webhook);
    let last: SinkAnswer["status"] = "delivered";
    return {
      carry: async (stored, signal) => {
        const answer = await carrier.carry(stored, signal);
        // Who stops waiting finds nothing out.
        if (answer.status === last || signal.aborted) return answer;
        last = answer.status;
        tell(destinationOf(webhook), answer);
        return answer;
      },
      close: () => carrier.close(),
    };
  };
}
