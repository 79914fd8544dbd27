// The webhooks that the configuration declares, ready to be posted to.
import { makeWebhooks, type Webhook } from "../webhook/webhook.ts";
import type { Io } from "./io.ts";
import type { Settings } from "./settings.ts";

/** Throws `invalid_argument` for one that cannot be, such as one whose secret the environment does not hold. */
export function declaredWebhooks({ webhooks }: Settings, { env }: Pick<Io, "env">): readonly Webhook[] {
  const options = webhooks.map(({ secret, secret_env, ...rest }) => ({
    ...rest,
    ...(secret !== undefined && { secret }),
    ...(secret_env !== undefined && { secretEnv: secret_env }),
  }));
  return makeWebhooks(options, env);
}
