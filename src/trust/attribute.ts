// Attributes: the facts of a request that conditions ask for, named by a path such as `context.region`,
// `identity.metadata.team` or `resource.attributes.owner`. Own members of plain objects alone are facts.
import type { JsonObject } from "../event/json.ts";
import { invalid } from "./input.ts";

/** What conditions may look at. The path follows the shape: `resource.attributes.owner`. */
export interface Subject {
  readonly context: JsonObject;
  readonly identity: object;
  readonly resource: object;
}

export interface AttributePath {
  readonly root: keyof Subject;
  readonly segments: readonly string[];
}

const ROOTS: readonly (keyof Subject)[] = ["context", "identity", "resource"];
const SEGMENTS_MAX = 8;
const SEGMENT_LENGTH_MAX = 128;
const PROTOTYPE_KEYS: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/** A path from its text. Throws `invalid_argument`. */
export function parseAttributePath(text: string, path: string): AttributePath {
  const [first, ...segments] = text.slice(0, SEGMENTS_MAX * (SEGMENT_LENGTH_MAX + 1) + 16).split(".");
  const root = ROOTS.find((one) => one === first);
  const fits =
    segments.length >= 1 &&
    segments.length <= SEGMENTS_MAX &&
    segments.every((segment) => segment !== "" && segment.length <= SEGMENT_LENGTH_MAX) &&
    segments.every((segment) => segment.isWellFormed() && !PROTOTYPE_KEYS.has(segment));
  if (root === undefined || !fits) {
    throw invalid(
      `${path} names an attribute that`,
      text,
      `Write context, identity or resource, then 1 to ${SEGMENTS_MAX} members, such as context.region or identity.metadata.team.`,
    );
  }
  return { root, segments };
}

/** The value at the path; undefined when it is missing. */
export function readAttribute(subject: Subject, { root, segments }: AttributePath): unknown {
  let value: unknown = subject[root];
  for (const segment of segments) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    if (!Object.hasOwn(value, segment)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[segment];
  }
  return value;
}

const DEPTH_MAX = 8;
const MEMBERS_MAX = 1_000;

/** The longest text a condition looks at, in UTF-16 units. */
export const ATTRIBUTE_LENGTH_MAX = 4_096;

/** Why a value is no set of attributes (plain JSON, depth 8, 1,000 members, texts of 4,096); null when it is one. */
export function faultOfAttributes(value: unknown): string | null {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "is not an object";
  return faultOf(value, { left: MEMBERS_MAX }, 1);
}

function faultOf(value: unknown, members: { left: number }, depth: number): string | null {
  switch (typeof value) {
    case "string":
      if (value.length > ATTRIBUTE_LENGTH_MAX) return `has text longer than ${ATTRIBUTE_LENGTH_MAX}`;
      return value.isWellFormed() ? null : "has text with half of a surrogate pair";
    case "number":
      return Number.isFinite(value) ? null : "has a number that is not finite";
    case "boolean":
    case "undefined":
      return null;
    case "object":
      return value === null ? null : faultOfMembers(value, members, depth);
    default:
      return `has a member of type ${typeof value}`;
  }
}

function faultOfMembers(value: object, members: { left: number }, depth: number): string | null {
  if (depth > DEPTH_MAX) return `is nested deeper than ${DEPTH_MAX}`;
  for (const key of Object.keys(value)) {
    if (--members.left < 0) return `has more than ${MEMBERS_MAX} members`;
    if (key.length > SEGMENT_LENGTH_MAX)
      return `has a member whose name is longer than ${SEGMENT_LENGTH_MAX}`;
    if (PROTOTYPE_KEYS.has(key)) return "has a member named like a prototype key";
    const fault = faultOf((value as Readonly<Record<string, unknown>>)[key], members, depth + 1);
    if (fault !== null) return fault;
  }
  return null;
}
