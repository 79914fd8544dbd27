// Obligations: what whoever carries out an allowed action must do about it. An allow states them as `delivery`,
// `cost` and `capabilities`; those of all matching allows combine to the strictest of each, so a further allow can
// make an answer poorer or dearer, never richer or cheaper.
import type { JsonObject } from "../event/json.ts";
import { checkInteger, checkList, checkNumber, checkObject, checkOneOf, checkPlainObject } from "./input.ts";
import { checkName, checkNameOrStar } from "./name.ts";

/**
 * What becomes of a field, from mild to strict: `coarsen` (a rougher value), `pseudonym` (a stand-in, the same one
 * for the same value), `redact` (`***`; that there is a value can be seen), `remove` (as if it were not there).
 */
const MASKS = ["coarsen", "pseudonym", "redact", "remove"] as const;
export type Mask = (typeof MASKS)[number];

/** How what is allowed may be delivered. */
export interface Delivery extends JsonObject {
  /** By field; `*` is every field, and a field's own mask binds beside it. Combined: the strictest for each field. */
  readonly mask?: Readonly<Record<string, Mask>>;
  /** One value per so many milliseconds of data at most. Combined: the coarsest. */
  readonly resolution_ms?: number;
  /** Nothing younger than this. Combined: the longest. */
  readonly delay_ms?: number;
  /** Digits after the point. Combined: the fewest. */
  readonly decimals?: number;
  /** Uses per second. Combined: the lowest. */
  readonly max_per_second?: number;
  /** Items per use. Combined: the lowest. */
  readonly max_items?: number;
}

/** One thing to do. Decisions list them by kind, then by field or name. */
export type Obligation =
  | { readonly kind: "mask"; readonly field: string; readonly mask: Mask }
  | { readonly kind: LimitKind; readonly value: number }
  /** The principal's agent must have it. Combined: all of them. */
  | { readonly kind: "capability"; readonly name: string };

type LimitKind = "cost" | "decimals" | "delay_ms" | "max_items" | "max_per_second" | "resolution_ms";

/** The bounds of each number, and which of two is the stricter. */
const LIMITS: Readonly<Record<LimitKind, Limit>> = {
  /** Dust per use, in its smallest unit. */
  cost: { min: 0, max: 1e12, isWhole: true, stricter: Math.max },
  decimals: { min: 0, max: 15, isWhole: true, stricter: Math.min },
  delay_ms: { min: 0, max: 1e12, isWhole: true, stricter: Math.max },
  max_items: { min: 1, max: 1e9, isWhole: true, stricter: Math.min },
  max_per_second: { min: 1e-6, max: 1e9, isWhole: false, stricter: Math.min },
  resolution_ms: { min: 1, max: 1e12, isWhole: true, stricter: Math.max },
};

interface Limit {
  readonly min: number;
  readonly max: number;
  readonly isWhole: boolean;
  readonly stricter: (a: number, b: number) => number;
}

const LIMIT_KINDS: readonly LimitKind[] = [
  "cost",
  "decimals",
  "delay_ms",
  "max_items",
  "max_per_second",
  "resolution_ms",
];
const DELIVERY_KINDS = LIMIT_KINDS.filter((kind) => kind !== "cost");
const FIELDS_MAX = 64;
const CAPABILITIES_MAX = 64;

export function parseDelivery(value: unknown, path: string): Delivery {
  const given = checkObject(value, path, ["mask", ...DELIVERY_KINDS]);
  const mask = given["mask"];
  const limits = DELIVERY_KINDS.flatMap((kind) =>
    given[kind] === undefined ? [] : [[kind, checkLimit(kind, given[kind], `${path}.${kind}`)]],
  );
  return {
    ...(mask === undefined ? {} : { mask: parseMask(mask, `${path}.mask`) }),
    ...(Object.fromEntries(limits) as Readonly<Record<string, number>>),
  };
}

export function parseCost(value: unknown, path: string): number {
  return checkLimit("cost", value, path);
}

export function parseCapabilities(value: unknown, path: string): readonly string[] {
  const names = checkList(value, path, CAPABILITIES_MAX, 0).map((name, index) =>
    checkName(name, `${path}[${index}]`),
  );
  return [...new Set(names)].sort();
}

/** What one statement demands, in the order decisions list them. */
export function obligationsOf(stated: {
  readonly delivery: Delivery;
  readonly cost: number;
  readonly capabilities: readonly string[];
}): readonly Obligation[] {
  const limits = { ...stated.delivery, ...(stated.cost > 0 ? { cost: stated.cost } : {}) };
  return inOrder([
    ...stated.capabilities.map((name): Obligation => ({ kind: "capability", name })),
    ...LIMIT_KINDS.flatMap((kind): Obligation[] => {
      const value = limits[kind];
      return value === undefined ? [] : [{ kind, value }];
    }),
    ...Object.entries(stated.delivery.mask ?? {}).map(([field, mask]): Obligation => ({
      kind: "mask",
      field,
      mask,
    })),
  ]);
}

/** The strictest of each, in the order decisions list them. Neither the order nor the grouping of the lists matters. */
export function combineObligations(lists: readonly (readonly Obligation[])[]): readonly Obligation[] {
  const [first = [], ...others] = lists.filter((list) => list.length > 0);
  if (others.length === 0) return first;
  const strictest = new Map<string, Obligation>();
  for (const obligation of lists.flat()) {
    const key = keyOf(obligation);
    const known = strictest.get(key);
    strictest.set(key, known === undefined ? obligation : stricterOf(known, obligation));
  }
  return inOrder([...strictest.values()]);
}

function stricterOf(a: Obligation, b: Obligation): Obligation {
  if (a.kind === "capability" || b.kind === "capability") return a;
  if (a.kind === "mask" || b.kind === "mask") {
    return a.kind === "mask" && b.kind === "mask" && MASKS.indexOf(b.mask) > MASKS.indexOf(a.mask) ? b : a;
  }
  return LIMITS[a.kind].stricter(a.value, b.value) === a.value ? a : b;
}

function inOrder(obligations: readonly Obligation[]): readonly Obligation[] {
  return [...obligations].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

/** Two with the same key are about the same thing. */
function keyOf(obligation: Obligation): string {
  switch (obligation.kind) {
    case "mask":
      return `mask ${obligation.field}`;
    case "capability":
      return `capability ${obligation.name}`;
    default:
      return obligation.kind;
  }
}

function parseMask(value: unknown, path: string): Readonly<Record<string, Mask>> {
  const given = checkPlainObject(value, path, FIELDS_MAX);
  return Object.fromEntries(
    Object.keys(given).map((field) => [
      checkNameOrStar(field, `A field of ${path}`),
      checkOneOf(given[field], `${path}.${field}`, MASKS),
    ]),
  );
}

function checkLimit(kind: LimitKind, value: unknown, path: string): number {
  const { min, max, isWhole } = LIMITS[kind];
  return isWhole ? checkInteger(value, path, min, max) : checkNumber(value, path, min, max);
}
