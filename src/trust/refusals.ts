// What the deciders of the trust boundary share in refusing: a check that throws becomes a refusal that changes
// nothing, and a change that expects another version is told so.
import type { Refusal } from "../event/decider.ts";
import { HolodeckError } from "../event/error.ts";

/** The checked value, or the refusal of what is wrong with it. */
export type Checked<Value> = { readonly value: Value } | { readonly refusal: Refusal };

export function checked<Value>(check: () => Value): Checked<Value> {
  try {
    return { value: check() };
  } catch (error) {
    if (!(error instanceof HolodeckError)) throw error;
    const { code, what, todo } = error;
    return { refusal: { code, what, todo } };
  }
}

/** Null when the version is the expected one, or none is expected. */
export function refuseOtherVersion(version: number, expected: number | undefined): Refusal | null {
  if (expected === undefined || expected === version) return null;
  return {
    code: "conflict",
    what: `It stands at version ${version}, not at ${expected}.`,
    todo: "Read it again, and give the change with the version it is made for.",
  };
}
