// A store with some of its methods replaced: how the harness listens, kills and plants faults without a line in the
// product.
import type { Store } from "../../src/store/port.ts";

export function aroundStore(store: Store, replaced: Partial<Store>): Store {
  return new Proxy(store, {
    get: (target, name) => {
      const own: unknown = Reflect.get(replaced, name);
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(target, name, target);
      // Private members are the store's own: its methods must not see the proxy.
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
