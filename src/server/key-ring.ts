// Who holds a key or a token of this server. The store's keys are read anew for every request, together with whoever
// asks at the same time: what was revoked, in whatever process, opens nothing from then on (law 4).
import type { Moment } from "../event/decider.ts";
import { HolodeckError } from "../event/error.ts";
import type { Hash } from "../event/event.ts";
import { Runtime, type Untimed } from "../event/runtime.ts";
import type { Store } from "../store/port.ts";
import {
  keyAggregate,
  KEYS_STREAM,
  type KeyCommand,
  type KeyEvent,
  type KeyRole,
  type KeysState,
  type ServerKey,
} from "../trust/key-aggregate.ts";
import type { TokenReader } from "./jwt.ts";
import { digestOf, findByDigest, isTokenLike, known, makeKey, type Known } from "./key.ts";
import { Latest } from "./latest.ts";
import { LOCAL_OPERATOR, type Principal } from "./principal.ts";

/** What a request showed, judged. */
export interface Doorkeeper {
  /** Whether a key is asked for. Once it is, it stays so: a key that ends does not open the door to all. */
  asksForKey(): Promise<boolean>;
  /** Null for what is unknown, revoked, expired or not signed as it must be. */
  principalOf(credential: string): Promise<Principal | null>;
}

export interface KeyRingOptions {
  readonly store: Store;
  readonly moment: () => Moment;
  /** Keys that are not in the store, from a file or the environment: each an operator's. */
  readonly operatorKeys?: readonly string[];
  readonly tokens?: TokenReader | null;
}

export interface NewKeyOptions {
  readonly name: string;
  readonly role: KeyRole;
  readonly sessions?: readonly string[] | null;
  readonly rooms?: readonly string[] | null;
  readonly expiresAt?: number | null;
  /** As which agent it is judged in sessions. */
  readonly agent?: string | null;
}

/** An operator's key shorter than this can be guessed. */
const OPERATOR_KEY_LENGTH_MIN = 16;

const OPERATOR: Principal = {
  name: "operator",
  role: "operator",
  sessions: null,
  rooms: null,
  expiresAt: null,
};

export class KeyRing implements Doorkeeper {
  readonly #runtime: Runtime<KeysState, KeyCommand, KeyEvent>;
  readonly #now: () => number;
  readonly #operators: readonly Known<Principal>[];
  readonly #tokens: TokenReader | null;
  readonly #latest: Latest;
  /** Which of the store's keys someone came in with: a name may be given once more, to another key. */
  readonly #digests = new WeakMap<Principal, Hash>();
  #state: KeysState = keyAggregate.initial();
  #known: readonly Known<ServerKey>[] = [];
  #knownSeq = 0;

  /** Throws `invalid_argument` for an operator's key that is too short, or is a JWT. */
  constructor({ store, moment, operatorKeys = [], tokens = null }: KeyRingOptions) {
    this.#runtime = new Runtime({ aggregate: keyAggregate, log: store, moment });
    this.#now = () => moment().now;
    this.#operators = operatorKeys.map((key) => known(digestOf(checkOperatorKey(key)), OPERATOR));
    this.#tokens = tokens;
    this.#latest = new Latest(async () => await this.#catchUp());
  }

  async asksForKey(): Promise<boolean> {
    if (!this.#isKnownToAsk()) await this.#latest.get();
    return this.#isKnownToAsk();
  }

  async principalOf(credential: string): Promise<Principal | null> {
    // By its form alone, before any key is looked at: a token that does not let in is never tried as a key.
    if (isTokenLike(credential)) return (await this.#tokens?.read(credential, this.#now())) ?? null;
    await this.#latest.get();
    const digest = digestOf(credential);
    // All are compared, and only then is it seen which it was and whether it still holds.
    const operator = findByDigest(this.#operators, digest);
    const key = findByDigest(this.#known, digest);
    if (operator !== null) return operator;
    if (key === null || !holds(key, this.#now())) return null;
    const { name, role, sessions, rooms, expiresAt, agent } = key;
    const who = { name, role, sessions, rooms, expiresAt };
    const principal: Principal = agent === null ? who : { ...who, agent };
    this.#digests.set(principal, key.digest);
    return principal;
  }

  /** Learns what has happened to keys until now, in whatever process. */
  async readOn(): Promise<void> {
    await this.#latest.get();
  }

  /** Whether who came in would come in again, by what has been read. JWTs hold until their own end. */
  holds(principal: Principal): boolean {
    if (principal === LOCAL_OPERATOR) return !this.#isKnownToAsk();
    const digest = this.#digests.get(principal);
    if (digest === undefined) return principal.expiresAt === null || this.#now() < principal.expiresAt;
    const key = this.#state.keys.get(principal.name);
    return key?.digest === digest && holds(key, this.#now());
  }

  /** Answers the key itself, which nobody can be told again. Throws `conflict` when the name is taken. */
  async create({ name, role, ...scope }: NewKeyOptions): Promise<string> {
    const key = makeKey();
    await this.#execute({ type: "create_key", key: { name, role, digest: digestOf(key), ...scope } });
    return key;
  }

  /** Revoking once more changes nothing. Throws `not_found`. */
  async revoke(name: string): Promise<void> {
    await this.#execute({ type: "revoke_key", name });
  }

  /** In the order of their last change. */
  async list(): Promise<readonly ServerKey[]> {
    await this.#latest.get();
    return [...this.#state.keys.values()];
  }

  #isKnownToAsk(): boolean {
    return this.#operators.length > 0 || this.#tokens !== null || this.#state.createdAt > 0;
  }

  async #catchUp(): Promise<void> {
    this.#state = await this.#runtime.refresh(KEYS_STREAM);
    const seq = this.#runtime.seq(KEYS_STREAM);
    if (seq === this.#knownSeq) return;
    this.#known = [...this.#state.keys.values()].map((key) => known(key.digest, key));
    this.#knownSeq = seq;
  }

  async #execute(command: Untimed<KeyCommand>): Promise<void> {
    const { refusal } = await this.#runtime.execute(KEYS_STREAM, command);
    if (refusal !== null) throw new HolodeckError(refusal.code, refusal);
  }
}

export function holds({ revokedAt, expiresAt }: ServerKey, now: number): boolean {
  return revokedAt === null && (expiresAt === null || now < expiresAt);
}

function checkOperatorKey(key: string): string {
  if (isTokenLike(key))
    throw new HolodeckError("invalid_argument", {
      what: "The operator's key is a JWT: as a key it would hold for ever, whatever it says.",
      todo: "Use a random one (`openssl rand -base64 32` makes one), and let JWTs in by `jwt` in holodeck.yaml.",
    });
  if (key.length >= OPERATOR_KEY_LENGTH_MIN) return key;
  throw new HolodeckError("invalid_argument", {
    what: `The operator's key has fewer than ${OPERATOR_KEY_LENGTH_MIN} characters.`,
    todo: "Use a random one: `openssl rand -base64 32` makes one.",
  });
}
