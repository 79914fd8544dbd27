// What the configuration file of `holodeck up` may say. The message of a check is what to write instead.
import { z } from "zod";
import { JWT_ALGORITHMS } from "../server/jwt.ts";
import { LOG_LEVELS } from "../telemetry/log.ts";
import { WEBHOOK_KINDS } from "../webhook/kinds.ts";
import { SECRET_TODO } from "../webhook/signature.ts";

function text(describe: string): z.ZodString {
  const todo = "Write a text of 1 to 1024 printable characters.";
  return z
    .string(todo)
    .max(1_024, todo)
    .regex(/^(?=.*\S)\P{Cc}*$/u, todo)
    .describe(describe);
}

function port(describe: string): z.ZodInt {
  const todo = "Write a port: 0 to 65535, 0 for any that is free.";
  return z.int(todo).min(0, todo).max(65_535, todo).describe(describe);
}

const HOST_TODO =
  "Write a name as browsers have it, as in holodeck.example.org or holodeck.example.org:8848.";

const hostName = z.string(HOST_TODO).regex(/^[A-Za-z0-9.:[\]-]{1,255}$/, HOST_TODO);

const ALGORITHM_TODO = `Write one of ${JWT_ALGORITHMS.join(", ")}.`;

export const jwtSchema = z.strictObject({
  issuer: text("Who signs: the claim `iss`."),
  audience: text("For whom: the claim `aud`."),
  algorithms: z
    .array(z.enum(JWT_ALGORITHMS, ALGORITHM_TODO), "Write a list, as in [ES256].")
    .min(1, "Name one at least.")
    .describe("Those and no others are taken."),
  key_file: text("A public key as PEM, or a JWKS document. Never fetched from elsewhere."),
});

const KIND_TODO = `Write one of ${WEBHOOK_KINDS.join(", ")}.`;

export const webhookSchema = z.strictObject(
  {
    url: text("Where to post."),
    events: z
      .array(
        z.enum(WEBHOOK_KINDS, KIND_TODO),
        `Write a list, as in [${WEBHOOK_KINDS.slice(0, 2).join(", ")}].`,
      )
      .min(1, "Name one at least.")
      .describe("What is posted."),
    secret: z.string(SECRET_TODO).max(1_024, SECRET_TODO).optional().describe("What posts are signed with."),
    secret_env: text("The environment variable that holds it.").optional(),
  },
  "Write url, events and secret or secret_env.",
);

export const settingsSchema = z
  .strictObject(
    {
      host: text("Where to listen. Whatever others can reach needs a key."),
      port: port("PLATO's port."),
      router_port: port("The H1 router's port."),
      store: text("A path, or another store's address."),
      key_file: text("A file with an operator's key that nobody else may read."),
      allow_hosts: z
        .array(hostName, "Write a list, as in [holodeck.example.org].")
        .max(100, "Write at most 100.")
        .describe("Names that requests may come for, beside this machine's own."),
      log_level: z.enum(LOG_LEVELS, `Write one of ${LOG_LEVELS.join(", ")}.`),
      jwt: jwtSchema,
      webhooks: z
        .array(webhookSchema, "Write a list of webhooks, each with url, events and secret or secret_env.")
        .max(32, "Write at most 32."),
      allow_private_targets: z
        .boolean("Write true or false.")
        .describe("Whether tiles and posts may go to addresses of private networks."),
      fleet_file: text("Agents and tasks of the router's fleet, YAML."),
      emergence_threshold: z
        .int("Write a whole number, such as -2.")
        .min(-9_999_999, "Write a whole number, such as -2.")
        .max(9_999_999, "Write a whole number, such as -2.")
        .describe("What is added to V for the threshold of emergence."),
      plato_url: z
        .url({ protocol: /^https?$/, error: "Write an http or https URL." })
        .describe("Where the tiles of fleets go."),
    },
    "Write keys with values, as in {port: 8848}.",
  )
  .partial();

export type SettingsInFile = z.infer<typeof settingsSchema>;
