// Taking tiles in, one or many, and ending them.
import type { Context } from "hono";
import type { Event, Hash } from "../event/event.ts";
import type { Json, JsonObject } from "../event/json.ts";
import type { GateRefusal } from "../tile/gate.ts";
import { isSubmissionFault, readSubmission } from "../tile/submission.ts";
import { submittedOf } from "../tile/submitted-tile.ts";
import { readJsonObject } from "./json-body.ts";
import type { Plato } from "./plato-parts.ts";
import { seesRoom, type Principal, type ServerEnv } from "./principal.ts";
import { checkRoom, invalid, roomPath } from "./query.ts";
import type { Taken } from "./tile-desk.ts";
import { tileId } from "./tile-view.ts";
import { checkMayWrite } from "./visible.ts";

const KEY_LENGTH_MAX = 255;
const REASON_LENGTH_MAX = 2_000;
const HASH = /^[0-9a-f]{64}$/;

/** Refusals of tiles that could not even be judged. */
const MALFORMED: ReadonlySet<string> = new Set(["missing_field", "invalid_field", "invalid_room"]);

/** Said alike of rooms that there are and of others. */
const OTHER_ROOM: GateRefusal = {
  reason: "room_not_allowed",
  what: "This key may not write to that room. Use one with the room in its scope.",
};

/** What became of one tile, before it is put into words. */
type Outcome = Taken & { readonly room: string | null };

/** Who submits, and under which key of its own a repeat is known. */
interface Asker {
  readonly principal: Principal;
  readonly idempotencyKey: string | null;
}

export function addWriting(plato: Plato): void {
  const { app } = plato;
  app.post("/submit", async (c) => await submitOne(plato, c, null));
  app.post("/room/*", async (c, next) => {
    const path = roomPath(c);
    if (!path.endsWith("/tile")) return await next();
    return await submitOne(plato, c, checkRoom(path.slice(0, -"/tile".length)));
  });
  app.post("/submit_batch", async (c) => await submitBatch(plato, c));
  app.post("/supersede", async (c) => await supersede(plato, c));
  app.post("/retract", async (c) => await retract(plato, c));
}

async function submitOne(plato: Plato, c: Context<ServerEnv>, room: string | null): Promise<Response> {
  const tile = await readJsonObject(c);
  const asker = { principal: c.get("principal"), idempotencyKey: keyOf(c.req.header("idempotency-key")) };
  const take = await prepare(plato, tile, room, asker);
  const outcome = await take();
  return c.json(answerOf(outcome), statusOf(outcome));
}

/** The tiles are submitted in their order and together, each on its own and answered as if it had come alone. */
async function submitBatch(plato: Plato, c: Context<ServerEnv>): Promise<Response> {
  const { tiles } = await readJsonObject(c);
  // Each tile has its own; what is no key is told to whoever sends it all the same.
  keyOf(c.req.header("idempotency-key"));
  if (!Array.isArray(tiles)) throw invalid("The body has no list `tiles`.", "Send {tiles: […]}.");
  const asked = (tiles as readonly Json[]).map((one) => {
    const { idempotency_key, ...tile } = isObject(one) ? one : {};
    return { tile, asker: { principal: c.get("principal"), idempotencyKey: keyOf(idempotency_key) } };
  });
  const outcomes: Outcome[] = [];
  const takes: (() => Promise<Outcome>)[] = [];
  const takeAll = async (): Promise<void> =>
    void outcomes.push(...(await Promise.all(takes.splice(0).map(async (take) => await take()))));
  const keys = new Set<string>();
  for (const { tile, asker } of asked) {
    const key = asker.idempotencyKey;
    // Who comes with a key for the second time is answered by what became of the first.
    if (key !== null && keys.has(key)) await takeAll();
    if (key !== null) keys.add(key);
    takes.push(await prepare(plato, tile, null, asker));
  }
  await takeAll();
  const accepted = outcomes.filter(({ status }) => status === "accepted").length;
  const details = outcomes.map((outcome) => answerOf(outcome));
  return c.json({ accepted, rejected: outcomes.length - accepted, details });
}

async function supersede(plato: Plato, c: Context<ServerEnv>): Promise<Response> {
  const body = await readJsonObject(c);
  const principal = c.get("principal");
  const room = roomIn(body);
  checkMayWrite(principal, room);
  const oldHash = hashIn(body, "old_hash");
  const tile = body["new_tile"];
  if (!isObject(tile))
    throw invalid("The body has no object `new_tile`.", "Send the tile that takes its place.");
  const submission = readSubmission(tile, room);
  const outcome: Outcome = isSubmissionFault(submission)
    ? { status: "rejected", refusal: submission, room }
    : { ...(await plato.desk.supersede(oldHash, submission, keyOf(c.req.header("idempotency-key")))), room };
  count(plato, principal, outcome);
  if (outcome.status === "rejected") return c.json(answerOf(outcome), statusOf(outcome));
  const { hash, position } = outcome.stored;
  return c.json({ status: "superseded", old_hash: oldHash, new_hash: hash, lamport: position, room });
}

async function retract(plato: Plato, c: Context<ServerEnv>): Promise<Response> {
  const body = await readJsonObject(c);
  // A tile is retracted once anyway; what is no key is told to whoever sends it all the same.
  keyOf(c.req.header("idempotency-key"));
  const room = roomIn(body);
  checkMayWrite(c.get("principal"), room);
  const tileHash = hashIn(body, "tile_hash");
  const reason = body["reason"] ?? "";
  if (typeof reason !== "string" || reason.length > REASON_LENGTH_MAX)
    throw invalid("`reason` is not a text of at most 2,000 characters.", "Say why in a sentence.");
  const { position } = await plato.desk.retract(room, tileHash, reason);
  return c.json({ status: "retracted", room, tile_hash: tileHash, lamport: position });
}

async function prepare(
  plato: Plato,
  tile: JsonObject,
  room: string | null,
  { principal, idempotencyKey }: Asker,
): Promise<() => Promise<Outcome>> {
  const submission = readSubmission(tile, room);
  const turnAway = (refusal: GateRefusal, named: string | null) => {
    const outcome: Outcome = { status: "rejected", refusal, room: named };
    count(plato, principal, outcome);
    return async () => await Promise.resolve(outcome);
  };
  if (isSubmissionFault(submission)) return turnAway(submission, room);
  if (!seesRoom(principal, submission.room)) return turnAway(OTHER_ROOM, submission.room);
  const take = await plato.desk.prepare(submission, idempotencyKey);
  return async () => {
    const outcome = { ...(await take()), room: submission.room };
    count(plato, principal, outcome);
    return outcome;
  };
}

/** A repeat was counted the first time. */
function count({ gate }: Plato, principal: Principal, outcome: Outcome): void {
  if (outcome.status === "rejected") gate.reject(principal, outcome.refusal.reason);
  else if (!outcome.isRepeat) gate.accept(principal);
}

function statusOf(outcome: Outcome): 200 | 400 | 403 {
  if (outcome.status === "accepted") return 200;
  return isMalformed(outcome.refusal) ? 400 : 403;
}

function isMalformed({ reason }: GateRefusal): boolean {
  return MALFORMED.has(reason);
}

function answerOf(outcome: Outcome): JsonObject {
  const { room } = outcome;
  if (outcome.status === "rejected") {
    const { reason, what } = outcome.refusal;
    return {
      status: "rejected",
      reason,
      room,
      gate: "P0",
      [isMalformed(outcome.refusal) ? "error" : "message"]: what,
    };
  }
  const { stored, roomTiles } = outcome;
  const { event, hash, position } = stored;
  return {
    status: "accepted",
    tile_id: tileId(event),
    tile_hash: hash,
    room,
    room_tile_count: countOf(event) ?? roomTiles,
    lamport: position,
  };
}

/** Of a tile with an idempotency key the number it was first answered with. */
function countOf(event: Event): number | undefined {
  return event.type === "tile_submitted" ? submittedOf(event).room_tile_count : undefined;
}

/** An idempotency key as it came; null for none. */
function keyOf(key: Json | undefined): string | null {
  if (key === undefined || key === null) return null;
  if (typeof key === "string" && key !== "" && key.length <= KEY_LENGTH_MAX) return key;
  throw invalid("The idempotency key is not a text of 1 to 255 characters.", "Use a random id, for example.");
}

function roomIn({ room }: JsonObject): string {
  if (typeof room === "string") return checkRoom(room);
  throw invalid("The body has no `room`.", "Name the tile's room.");
}

function hashIn(body: JsonObject, name: string): Hash {
  const hash = body[name];
  if (typeof hash === "string" && HASH.test(hash)) return hash;
  const what = hash === undefined ? `The body has no \`${name}\`.` : `\`${name}\` is not the hash of a tile.`;
  throw invalid(what, "Pass the tile's hash: 64 lower-case hex digits.");
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
