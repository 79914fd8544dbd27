// A webhook as it is declared, checked: where events of some kinds are posted, and how the posts are signed. It is known
// in the log by an id and its origin alone, for a URL's path may be a secret.
import { hash } from "node:crypto";
import { HolodeckError } from "../event/error.ts";
import { WEBHOOK_KINDS, type WebhookKind } from "./kinds.ts";
import { keyIn, SECRET_TODO, signatureOf, type Signed } from "./signature.ts";

/** Where to post what happens. */
export interface WebhookOptions {
  /** http or https, without a user or password. Private networks are refused unless they are allowed. */
  readonly url: string;
  /** What is posted: `task_failed` (failed or out of time), `session_ended`, `emergence_alert`. */
  readonly events: readonly WebhookKind[];
  /** What posts are signed with: `whsec_` and 24 to 64 random bytes in base64. */
  readonly secret?: string;
  /** Instead of `secret`: the environment variable that holds it. */
  readonly secretEnv?: string;
}

export interface Webhook {
  /** Made of the URL and the events: whoever declares the same webhook means the same one. */
  readonly id: string;
  readonly url: string;
  /** `https://example.org`: as much of the URL as everyone may see. */
  readonly origin: string;
  readonly kinds: readonly WebhookKind[];
  /** Its key is in here alone, so that no log can show it. */
  readonly sign: (signed: Signed) => string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const KNOWN: readonly (keyof WebhookOptions)[] = ["url", "events", "secret", "secretEnv"];

/** Each is followed through the log by itself. */
const WEBHOOKS_MAX = 32;

/** Throws `invalid_argument` for the first that cannot be, named by its place in `list`. No message holds a secret. */
export function makeWebhooks(list: readonly WebhookOptions[], env: Environment): readonly Webhook[] {
  if (!Array.isArray(list) || list.length > WEBHOOKS_MAX) {
    throw invalid("webhooks", "is no list", `Pass a list of at most ${WEBHOOKS_MAX} webhooks.`);
  }
  const webhooks = list.map((one: WebhookOptions, index) => makeWebhook(one, `webhooks[${index}]`, env));
  const repeated = webhooks.findIndex(({ id }, index) => webhooks.findIndex((one) => one.id === id) < index);
  if (repeated < 0) return webhooks;
  throw invalid(`webhooks[${repeated}]`, "is there twice", "Name a URL and its events once.");
}

function makeWebhook(options: WebhookOptions, name: string, env: Environment): Webhook {
  const given: unknown = options;
  if (typeof given !== "object" || given === null) {
    throw invalid(name, "is no webhook", "Pass an object with url, events and secret.");
  }
  const unknown = Object.keys(given).find((key) => !KNOWN.some((one) => one === key));
  if (unknown !== undefined) {
    throw invalid(`${name}.${unknown.slice(0, 80)}`, "is not an option", `Use ${KNOWN.join(", ")}.`);
  }
  const url = urlOf(options.url, `${name}.url`);
  const kinds = kindsOf(options.events, `${name}.events`);
  const key = keyOf(options, name, env);
  return {
    id: hash("sha256", JSON.stringify([url.href, kinds]), "hex").slice(0, 16),
    url: url.href,
    origin: url.origin,
    kinds,
    sign: (signed) => signatureOf(key, signed),
  };
}

function urlOf(value: unknown, name: string): URL {
  const url = typeof value === "string" && URL.canParse(value) ? new URL(value) : null;
  const fits = url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "";
  if (!fits) throw invalid(name, "is no URL to post to", "Pass an http or https URL without a password.");
  url.hash = "";
  return url;
}

function kindsOf(value: unknown, name: string): readonly WebhookKind[] {
  const todo = `Pass a list of ${WEBHOOK_KINDS.join(", ")}.`;
  if (!Array.isArray(value) || value.length === 0) throw invalid(name, "names no event", todo);
  const given: readonly unknown[] = value;
  const unknown = given.findIndex((one) => !WEBHOOK_KINDS.some((kind) => kind === one));
  if (unknown >= 0) throw invalid(`${name}[${unknown}]`, "is no event that can be posted", todo);
  // In the table's order, each once: the same list by whatever hand has the same id.
  return WEBHOOK_KINDS.filter((kind) => given.includes(kind));
}

function keyOf({ secret, secretEnv }: WebhookOptions, name: string, env: Environment): Uint8Array {
  if ((secret === undefined) === (secretEnv === undefined)) {
    throw invalid(name, "has no secret, or two", "Pass secret, or the name of a variable that holds it.");
  }
  if (secret !== undefined) return checkedKey(secret, `${name}'s secret`);
  return checkedKey(env[String(secretEnv)], `${name}'s secret, ${String(secretEnv)} of the environment,`);
}

function checkedKey(secret: unknown, name: string): Uint8Array {
  const key = typeof secret === "string" ? keyIn(secret) : null;
  if (key === null) throw invalid(name, "is no webhook's secret", SECRET_TODO);
  return key;
}

function invalid(name: string, what: string, todo: string): HolodeckError {
  return new HolodeckError("invalid_argument", { what: `${name} ${what}.`, todo });
}
