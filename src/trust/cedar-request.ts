// A request as Cedar takes it: who, what, on what, the context, and the slice of entities its policies may look at.
import { HolodeckError } from "../event/error.ts";
import type { Json, JsonObject } from "../event/json.ts";
import { readAttribute, type Subject } from "./attribute.ts";
import type { CedarMoment } from "./cedar-condition.ts";
import { cedarLong } from "./cedar-text.ts";
import type { PolicyRequest } from "./decision.ts";
import type { Identity } from "./identity.ts";
import { dayOfWeek, isMoment, timeOfDay } from "./wall-time.ts";

export interface CedarRequest {
  readonly principal: CedarName;
  readonly action: CedarName;
  readonly resource: CedarName;
  readonly context: Readonly<Record<string, CedarValue>>;
  readonly entities: readonly CedarEntity[];
}

/** How requests are told to the policies they are for. */
export interface CedarEncoding {
  /** Digits behind the point that numbers keep: Cedar gets them times ten to this power. */
  readonly decimals: number;
  /** What a request's context must bring ready (see cedar-condition.ts). */
  readonly moments: readonly CedarMoment[];
}

export interface CedarName {
  readonly type: "Principal" | "Role" | "Action" | "Resource";
  readonly id: string;
}

export interface CedarEntity {
  readonly uid: CedarName;
  readonly attrs: Readonly<Record<string, CedarValue>>;
  readonly parents: readonly CedarName[];
}

export type CedarValue =
  | boolean
  | number
  | string
  | readonly CedarValue[]
  | { readonly [member: string]: CedarValue };

/** Policies from `exportCedar` say themselves how. Throws `unsupported` for what Cedar cannot hold, and shows no value. */
export function cedarRequest(
  identity: Identity,
  request: PolicyRequest,
  { decimals, moments }: CedarEncoding,
): CedarRequest {
  const { action, context = {} } = request;
  const given = typeof request.resource === "string" ? { id: request.resource } : request.resource;
  const resource = { id: given.id, attributes: given.attributes ?? {} };
  const principal: CedarName = { type: "Principal", id: identity.id };
  const target: CedarName = { type: "Resource", id: resource.id };
  const { id, nickname, metadata, roles } = identity;
  const parents = roles.map((role): CedarName => ({ type: "Role", id: role }));
  return {
    principal,
    action: { type: "Action", id: action },
    resource: target,
    context: contextWith({ decimals, moments }, { context, identity, resource }),
    entities: [
      { uid: principal, attrs: cedarMembers({ id, nickname, metadata }, decimals), parents },
      { uid: target, attrs: cedarMembers(resource, decimals), parents: [] },
    ],
  };
}

/** A moment that is missing, or is none, is left out; one that the request brings itself is not believed. */
function contextWith(
  { decimals, moments }: CedarEncoding,
  subject: Subject,
): Readonly<Record<string, CedarValue>> {
  const context = new Map(Object.entries(cedarMembers(subject.context, decimals)));
  for (const { key, kind, path, offsetMs } of moments) {
    context.delete(key);
    const moment = readAttribute(subject, path);
    if (!isMoment(moment)) continue;
    context.set(key, kind === "time_of_day" ? timeOfDay(moment, offsetMs) : dayOfWeek(moment, offsetMs));
  }
  return Object.fromEntries(context);
}

/** Members with these names are no data to Cedar: they would stand for an entity or a call. */
const ESCAPES: ReadonlySet<string> = new Set(["__entity", "__extn", "__expr"]);

function cedarMembers(object: JsonObject, decimals: number): Readonly<Record<string, CedarValue>> {
  const entries = Object.entries(object).flatMap(([name, value]): [string, CedarValue][] => {
    if (ESCAPES.has(name)) throw refusedMember(name);
    return value === undefined ? [] : [[name, cedarValue(value, decimals)]];
  });
  return Object.fromEntries(entries);
}

function cedarValue(value: Json, decimals: number): CedarValue {
  if (value === null) return {};
  if (typeof value === "number") return cedarNumber(value, decimals);
  if (typeof value !== "object") return value;
  // `isArray` does not narrow readonly lists.
  return Array.isArray(value)
    ? (value as readonly Json[]).map((item) => cedarValue(item, decimals))
    : cedarMembers(value as JsonObject, decimals);
}

function cedarNumber(value: number, decimals: number): number {
  const long = cedarLong(value, decimals);
  if (long !== null) return long;
  throw new HolodeckError("unsupported", {
    what: `An attribute is a number too large for Cedar, or has more than ${decimals} digits behind the point.`,
    todo: "Round it, or load the policies with more decimals.",
  });
}

function refusedMember(name: string): HolodeckError {
  return new HolodeckError("unsupported", {
    what: `An attribute has the member ${name}, which is no data to Cedar.`,
    todo: "Give the member another name.",
  });
}
