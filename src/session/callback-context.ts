// Which call of a callback the running code belongs to, across its awaits: only the machine can tell. A browser cannot;
// there who waits from inside a callback for its end waits until the call is passed over.
import type { AsyncLocalStorage } from "node:async_hooks";

type CallbackContext = Pick<AsyncLocalStorage<object>, "getStore" | "run">;

/** Tells nothing. */
const NO_CONTEXT: CallbackContext = {
  getStore: () => undefined,
  run: <Result, Args extends unknown[]>(_: object, call: (...args: Args) => Result, ...args: Args) =>
    call(...args),
};

export const callbackContext: CallbackContext = contextOfMachine() ?? NO_CONTEXT;

/** Asked for when it runs, so that a bundle for browsers holds no `node:` module. */
function contextOfMachine(): CallbackContext | null {
  const machine: Partial<NodeJS.Process> | undefined = globalThis.process;
  const hooks = machine?.getBuiltinModule?.("node:async_hooks");
  return hooks === undefined ? null : new hooks.AsyncLocalStorage<object>();
}
