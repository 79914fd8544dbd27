// Which call of a callback the running code belongs to, across its awaits: only the machine can tell.
import { AsyncLocalStorage } from "node:async_hooks";

export const callbackContext = new AsyncLocalStorage<object>();
