// Who changed a policy, an identity or a role, when, and how: the events of its stream, in the form objects have it.
import type { Fact, StreamId } from "../event/event.ts";
import type { Json, JsonObject } from "../event/json.ts";
import type { Store } from "../store/port.ts";
import type { AuditEntry } from "../omni/omni-kind.ts";
import { eventsOf } from "./past-events.ts";

/** One version: `fields` is what the change says, as it is stored. */
export interface TrustChange extends AuditEntry {
  /** `policy_changed`, `identity_put`, `role_granted`, … */
  readonly type: string;
}

type ChangeEvent = Fact & {
  readonly data: { readonly version: number; readonly by: string };
};

/** Beside the change itself: how a version's parts are counted, since it is told whole, and for which trace it was made. */
const ASIDE: ReadonlySet<string> = new Set(["version", "by", "part", "parts", "trace"]);

/** The oldest first; none for what nobody put. */
export async function trustAudit(store: Store, stream: StreamId): Promise<readonly TrustChange[]> {
  const versions = new Map<number, TrustChange>();
  for (const { type, at, data } of await eventsOf<ChangeEvent>(store, stream)) {
    const { version, by } = data;
    const said = Object.entries(data).filter(([name]) => !ASIDE.has(name));
    const before = versions.get(version)?.fields ?? {};
    versions.set(version, { version, at, by, type, fields: joined(before, said) });
  }
  return [...versions.values()];
}

/** Lists that came in parts are one. */
function joined(before: JsonObject, said: readonly (readonly [string, Json | undefined])[]): JsonObject {
  const fields: Record<string, Json> = { ...before } as Record<string, Json>;
  for (const [name, value = null] of said) {
    const known = fields[name];
    fields[name] = Array.isArray(known) && Array.isArray(value) ? [...known, ...value] : value;
  }
  return fields;
}
