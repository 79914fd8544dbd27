import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type JWTPayload } from "jose";
import { beforeAll, expect, test } from "vitest";
import { MemoryStore } from "../store/memory.ts";
import { TestClock } from "../testing/test-clock.ts";
import { authenticate } from "./authenticate.ts";
import { jwtReader, type TokenReader } from "./jwt.ts";
import { KeyRing } from "./key-ring.ts";
import { platoApp } from "./plato.ts";

const clock = new TestClock();
const now = clock.now();
const moment = () => ({ now, boot: clock.boot() });
const ISSUER = "https://issuer.example";
const AUDIENCE = "holodeck";
const PINNED = { issuer: ISSUER, audience: AUDIENCE, algorithms: ["ES256"] as const };

type Pair = Awaited<ReturnType<typeof generateKeyPair>>;

let pair: Pair;
let pem: string;
let reader: TokenReader;

beforeAll(async () => {
  pair = await generateKeyPair("ES256", { extractable: true });
  pem = await exportSPKI(pair.publicKey);
  reader = jwtReader({ ...PINNED, keys: pem });
});

interface Change {
  readonly claims?: JWTPayload;
  readonly issuer?: string;
  readonly audience?: string;
  /** Seconds from now; null for none. */
  readonly expiresIn?: number | null;
  readonly subject?: string;
  readonly algorithm?: string;
  readonly key?: Pair["privateKey"] | Uint8Array;
  readonly keyId?: string;
}

async function sign(change: Change = {}): Promise<string> {
  const { claims = { role: "agent" }, expiresIn = 60, algorithm = "ES256", keyId } = change;
  const token = new SignJWT(claims)
    .setProtectedHeader({ alg: algorithm, ...(keyId !== undefined && { kid: keyId }) })
    .setIssuer(change.issuer ?? ISSUER)
    .setAudience(change.audience ?? AUDIENCE)
    .setSubject(change.subject ?? "ada");
  if (expiresIn !== null) token.setExpirationTime(Math.floor(now / 1_000) + expiresIn);
  return await token.sign(change.key ?? pair.privateKey);
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

test("a token that is signed as pinned says who, as what, where and until when", async () => {
  const expiresAt = (Math.floor(now / 1_000) + 60) * 1_000;
  expect(await reader.read(await sign(), now)).toEqual({
    name: "ada",
    role: "agent",
    sessions: null,
    rooms: null,
    expiresAt,
  });
  const claims = { role: "observer", rooms: ["hall"] };
  expect(await reader.read(await sign({ claims }), now)).toEqual({
    name: "ada",
    role: "observer",
    sessions: [],
    rooms: ["hall"],
    expiresAt,
  });
});

test("a JWKS document does as a PEM does, and picks the key by its id", async () => {
  const other = await generateKeyPair("ES256", { extractable: true });
  const keys = [
    { ...(await exportJWK(other.publicKey)), kid: "old", alg: "ES256" },
    { ...(await exportJWK(pair.publicKey)), kid: "new", alg: "ES256" },
  ];
  const set = jwtReader({ ...PINNED, keys: JSON.stringify({ keys }) });
  expect(await set.read(await sign({ keyId: "new" }), now)).toMatchObject({ name: "ada" });
  expect(await set.read(await sign({ keyId: "old" }), now)).toBeNull();
  expect(await set.read(await sign({ keyId: "none" }), now)).toBeNull();
});

test.each<[string, Change]>([
  ["of another issuer", { issuer: "https://evil.example" }],
  ["for another audience", { audience: "elsewhere" }],
  ["that has ended", { expiresIn: -1 }],
  ["that ends now", { expiresIn: 0 }],
  ["that does not end", { expiresIn: null }],
  ["without a subject", { subject: "" }],
  ["without a role", { claims: {} }],
  ["with a role there is none of", { claims: { role: "root" } }],
  ["with several roles", { claims: { role: ["operator"] } }],
  ["with a scope that is no list", { claims: { role: "agent", rooms: "hall" } }],
  ["with a scope of other things", { claims: { role: "agent", sessions: [1] } }],
  ["of an operator with a scope", { claims: { role: "operator", rooms: ["hall"] } }],
])("a token %s lets nobody in", async (_name, change) => {
  expect(await reader.read(await sign(change), now)).toBeNull();
});

test("a token of another key, or of an algorithm that is not pinned, lets nobody in", async () => {
  const stranger = await generateKeyPair("ES256");
  expect(await reader.read(await sign({ key: stranger.privateKey }), now)).toBeNull();
  const rsa = await generateKeyPair("RS256");
  expect(await reader.read(await sign({ algorithm: "RS256", key: rsa.privateKey }), now)).toBeNull();
  // The public key taken for a shared secret.
  expect(await reader.read(await sign({ algorithm: "HS256", key: Buffer.from(pem) }), now)).toBeNull();
});

test("a token without a signature lets nobody in", async () => {
  const claims = { iss: ISSUER, aud: AUDIENCE, sub: "ada", role: "operator", exp: now / 1_000 + 60 };
  for (const alg of ["none", "None", "NONE", "ES256"])
    expect(await reader.read(`${part({ alg })}.${part(claims)}.`, now)).toBeNull();
});

test("a token that was changed lets nobody in", async () => {
  const [head, , signature] = (await sign()).split(".");
  const claims = { iss: ISSUER, aud: AUDIENCE, sub: "ada", role: "operator", exp: now / 1_000 + 60 };
  expect(await reader.read(`${head}.${part(claims)}.${signature}`, now)).toBeNull();
  for (const text of ["..", "a.b.c", `${head}..${signature}`, `${part([])}.${part({})}.AA`])
    expect(await reader.read(text, now)).toBeNull();
});

test("keys that check nothing are refused when they are read", async () => {
  const { exportPKCS8 } = await import("jose");
  const secret = await exportPKCS8(pair.privateKey);
  for (const keys of ["", "nonsense", "{}", secret])
    expect(() => jwtReader({ ...PINNED, keys })).toThrow(/neither a public key/);
});

test("at the door a token counts as a key does, and where tokens are read a key is asked for", async () => {
  const store = new MemoryStore();
  const keys = new KeyRing({ store, moment, tokens: reader });
  const door = authenticate({ keys, isLocal: true });
  const app = platoApp({ store, moment, version: "1", report, authenticate: door });
  const ask = async (token: string | null) => {
    const headers = token === null ? {} : { authorization: `Bearer ${token}` };
    return (await app.request("/rooms", { headers })).status;
  };
  expect(await ask(null)).toBe(401);
  expect(await ask(await sign())).toBe(200);
  expect(await ask(await sign({ expiresIn: -1 }))).toBe(401);
  const key = await keys.create({ name: "ci", role: "observer" });
  expect(await ask(key)).toBe(200);
});

test("an operator's key with dots in it is a key, and a token is never one", async () => {
  const store = new MemoryStore();
  const dotted = "first-part.second-part.third-part";
  const withTokens = new KeyRing({ store, moment, operatorKeys: [dotted], tokens: reader });
  expect(await withTokens.principalOf(dotted)).toMatchObject({ name: "operator", role: "operator" });
  expect(await withTokens.principalOf(await sign())).toMatchObject({ name: "ada", role: "agent" });
  for (const text of [
    "a.b.c",
    "..",
    `${dotted}x`,
    await sign({ expiresIn: -1 }),
    `${part({ alg: "none" })}..`,
  ])
    expect(await withTokens.principalOf(text), text).toBeNull();
  const token = await sign();
  for (const tokens of [reader, null])
    expect(() => new KeyRing({ store, moment, operatorKeys: [token], tokens })).toThrow(/key is a JWT/);
});

function report(error: unknown): never {
  throw error;
}
