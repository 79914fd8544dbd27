// The objects a session manages, for its owner. The session says where they are kept and by whose clock, for all of them
// in one place; each is a stream of its own, and the session's stream names it once it is there.
import type { StreamId } from "../event/event.ts";
import { HolodeckError } from "../event/error.ts";
import type { JsonObject } from "../event/json.ts";
import type { Fields, Values } from "../omni/field.ts";
import type { AuditEntry, Omni, OmniKind, OmniPorts } from "../omni/omni-kind.ts";
import type { FieldGuard } from "../omni/omni-object.ts";
import type { SessionHost } from "./host.ts";
import { checkText } from "./input.ts";
import { refuseManaging } from "./managing.ts";
import { streamOf } from "./stream.ts";

/** Objects of one kind, in one session. Made by `session.manage(kind)`. */
export class ManagedObjects<F extends Fields> {
  readonly #kind: OmniKind<F>;
  readonly #session: ObjectSession;
  /** One object a key: whoever asks twice holds the same. */
  readonly #objects = new Map<StreamId, Omni<F>>();

  constructor(kind: OmniKind<F>, session: ObjectSession) {
    this.#kind = kind;
    this.#session = session;
  }

  /**
   * A new object, which the session manages from then on; both are durable when it answers. Refused: `conflict` for an
   * id that is taken, in whatever session; `session_ended`; `invalid_argument` for values its fields do not take.
   */
  async create(id: string, values: Partial<Values<F>> = {}): Promise<Omni<F>> {
    const object = await this.#session.create(this.#kind, { id, values, guard: null });
    this.#objects.set(object.key, object);
    return object;
  }

  /**
   * An object the session manages, by its id or key, with what others have changed taken in. Whoever asks again gets the
   * same object. Throws `not_found` for what this session does not manage.
   */
  async rehydrate(idOrKey: string): Promise<Omni<F>> {
    const key = await this.#session.managedKey(this.#kind, idOrKey);
    const known = this.#objects.get(key);
    if (known !== undefined) {
      await known.refresh();
      return known;
    }
    const object = await this.#kind.rehydrate(key, await this.#session.ports());
    const first = this.#objects.get(key) ?? object;
    this.#objects.set(key, first);
    return first;
  }

  /** Takes an object that is there under this session too: one of another session, or made without any. */
  async adopt(idOrKey: string): Promise<Omni<F>> {
    const key = keyIn(this.#kind, idOrKey);
    await this.#kind.rehydrate(key, await this.#session.ports());
    await this.#session.manage(key);
    return await this.rehydrate(key);
  }

  /** As it was when it had been written so often. Throws `not_found`. */
  async at(idOrKey: string, version: number): Promise<JsonObject> {
    const key = await this.#session.managedKey(this.#kind, idOrKey);
    return await this.#kind.at(key, version, await this.#session.ports());
  }

  /** Its writes, the oldest first; sensitive values are `***`. */
  async audit(idOrKey: string): Promise<readonly AuditEntry[]> {
    const key = await this.#session.managedKey(this.#kind, idOrKey);
    return await this.#kind.audit(key, await this.#session.ports());
  }

  /** Makes durable what has changed in the objects that were asked for here. */
  async persist(): Promise<void> {
    await Promise.all([...this.#objects.values()].map(async (object) => await object.persist()));
  }
}

/** What objects need of their session. */
export class ObjectSession {
  readonly #host: SessionHost;
  readonly #stream: StreamId;
  readonly sessionId: string;

  constructor(host: SessionHost, sessionId: string) {
    this.#host = host;
    this.sessionId = sessionId;
    this.#stream = streamOf(sessionId);
  }

  /** Where objects are kept, and by whose clock: the session's, for all it manages. */
  async ports(guard: FieldGuard | null = null): Promise<OmniPorts> {
    const { clock } = this.#host;
    const moment = () => ({ now: clock.now(), boot: clock.boot() });
    return { store: await this.#host.store(), moment, ...(guard !== null && { guard }) };
  }

  /** The object is durable before the session names it: what is managed can always be brought back. */
  async create<F extends Fields>(kind: OmniKind<F>, { id, values, guard }: NewObject<F>): Promise<Omni<F>> {
    const refusal = refuseManaging(await this.#host.refresh(this.sessionId));
    if (refusal !== null) throw new HolodeckError(refusal.code, refusal);
    const object = kind.create(checkText(id, "id"), values, await this.ports(guard));
    await object.persist();
    await this.manage(object.key);
    return object;
  }

  async manage(key: StreamId): Promise<void> {
    await this.#host.execute(this.#stream, { type: "manage_object", key });
  }

  /** Throws `not_found` unless this session manages it; that it is another's is not told. */
  async managedKey<F extends Fields>(kind: OmniKind<F>, idOrKey: string): Promise<StreamId> {
    const key = keyIn(kind, idOrKey);
    const { managed } = await this.#host.refresh(this.sessionId);
    if (managed.has(key)) return key;
    throw new HolodeckError("not_found", {
      what: `Session ${this.sessionId} manages no object ${JSON.stringify(key.slice(0, 200))}.`,
      todo: "`session.managed` lists those it does; `adopt` takes another one.",
    });
  }
}

interface NewObject<F extends Fields> {
  readonly id: string;
  readonly values: Partial<Values<F>>;
  /** Under whose name it is written; null for the owner. */
  readonly guard: FieldGuard | null;
}

/** What is written as a key of the kind is one; anything else is an id. */
function keyIn<F extends Fields>(kind: OmniKind<F>, idOrKey: string): StreamId {
  const prefix = `${kind.kind}:`;
  const isKey = typeof idOrKey === "string" && idOrKey.startsWith(prefix);
  return kind.keyOf(checkText(isKey ? idOrKey.slice(prefix.length) : idOrKey, "id"));
}
