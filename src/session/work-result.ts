// What a task's work may answer, as types see it. An interface has no index signature, so `Json` refuses it though its
// members are JSON; this asks the members.
import type { Json } from "../event/json.ts";

/** Plain JSON or nothing; of an object of type `Result`, each member for itself. */
export type WorkResult<Result> =
  | Json
  | void
  | (object & { readonly [Key in keyof Result]: Member<Result[Key]> });

/** The member itself when JSON can hold it, else `never`, which nothing can be. */
type Member<Value> = Value extends Json | undefined
  ? Value
  : Value extends (...args: never) => unknown
    ? never
    : Value extends object
      ? { readonly [Key in keyof Value]: Member<Value[Key]> }
      : never;
