import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateKeyPairSync } from "node:crypto";
import { EventEmitter } from "node:events";
import { afterEach, beforeEach, expect, test } from "vitest";
import { command as showConfig } from "./config-show.ts";
import type { Io } from "./io.ts";
import { operatorKeys, tokenReader } from "./key-file.ts";
import { loadSettings, type SettingsFlags } from "./settings.ts";

let folder = "";
let file = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holodeck-settings-"));
  file = join(folder, "holodeck.yaml");
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

type Env = Readonly<Record<string, string>>;

function load(yaml: string, env: Env = {}, flags: SettingsFlags = {}) {
  writeFileSync(file, yaml);
  return loadSettings({ config: file, ...flags }, { env });
}

test("without a word it is this machine, with the ports and the store everybody expects", () => {
  const { settings, sources } = load("");
  expect(settings).toEqual({
    host: "127.0.0.1",
    port: 8848,
    routerPort: 8902,
    store: join(".holodeck", "holodeck.db"),
    keyFile: null,
    apiKey: null,
    allowHosts: [],
    logLevel: "info",
    jwt: null,
    fleetFile: null,
    emergenceThreshold: null,
    platoUrl: null,
    webhooks: [],
    allowPrivateTargets: false,
  });
  expect(new Set(Object.values(sources))).toEqual(new Set(["default"]));
});

test.each<[string, string, string, unknown, unknown, unknown]>([
  [
    "host",
    "host: h.file",
    "HOLODECK_HOST=h.env",
    { host: "h.flag" },
    "--host",
    ["h.file", "h.env", "h.flag"],
  ],
  ["port", "port: 1", "PLATO_PORT=2", { port: 3 }, "--port", [1, 2, 3]],
  ["routerPort", "router_port: 1", "H1_ROUTER_PORT=2", { routerPort: 3 }, "--router-port", [1, 2, 3]],
  ["store", "store: /f", "HOLODECK_STORE=/e", { store: "/x" }, "--store", ["/f", "/e", "/x"]],
  ["store", "store: /f", "HOLODECK_HOME=/e", { store: "/x" }, "--store", ["/f", "/e/holodeck.db", "/x"]],
  ["keyFile", "key_file: /f", "HOLODECK_KEY_FILE=/e", { keyFile: "/x" }, "--key-file", ["/f", "/e", "/x"]],
  [
    "allowHosts",
    "allow_hosts: [f.example]",
    "HOLODECK_ALLOW_HOSTS=e.example, f.example",
    { allowHost: ["x.example"] },
    "--allow-host",
    [["f.example"], ["e.example", "f.example"], ["x.example"]],
  ],
])(
  "%s: a flag wins over the environment, that over the file",
  (name, yaml, variable, flags, flag, values) => {
    const [key = "", value = ""] = variable.split("=");
    const seen = [
      load(yaml),
      load(yaml, { [key]: value }),
      load(yaml, { [key]: value }, flags as SettingsFlags),
      load(yaml, { [key]: "" }),
    ];
    const of = name as keyof (typeof seen)[number]["settings"];
    const [inFile, ...rest] = values as readonly unknown[];
    expect(seen.map(({ settings }) => settings[of])).toEqual([inFile, ...rest, inFile]);
    expect(seen.map(({ sources }) => sources[of])).toEqual([
      "file",
      `env ${key}`,
      `flag ${String(flag)}`,
      "file",
    ]);
  },
);

test("how much is logged comes from LOG_LEVEL or the file", () => {
  expect(load("log_level: warn").settings.logLevel).toBe("warn");
  expect(load("log_level: warn", { LOG_LEVEL: "DEBUG" }).settings.logLevel).toBe("debug");
  expect(() => load("", { LOG_LEVEL: "loud" })).toThrow(/LOG_LEVEL is "loud".*debug, info/);
  expect(() => load("", { PLATO_PORT: "http" })).toThrow(/PLATO_PORT is "http"/);
});

test("what a file names lies beside it, addresses stay as they are", () => {
  const { settings } = load("store: data/h.db\nkey_file: op.key");
  expect(settings).toMatchObject({ store: join(folder, "data/h.db"), keyFile: join(folder, "op.key") });
  expect(load("store: postgres://db/holodeck").settings.store).toBe("postgres://db/holodeck");
});

test("the environment names the file where no flag does", () => {
  writeFileSync(file, "port: 7");
  expect(loadSettings({}, { env: { HOLODECK_CONFIG: file } })).toMatchObject({
    file,
    settings: { port: 7 },
  });
  expect(() => loadSettings({ config: join(folder, "none.yaml") }, { env: {} })).toThrow(
    /none\.yaml cannot be read \(ENOENT\)/,
  );
});

test("every fault of a file is told in one go, with its line and what to write", () => {
  expect(() => load("prt: 1\nport: http\njwt:\n  isuer: a\n  algorithms: [none]\n")).toThrow(
    new RegExp(
      [
        "holodeck.yaml:1: prt is not a key of a configuration. Did you mean port\\? Write that.",
        "holodeck.yaml:2: port is a text that does not fit. Write a port: 0 to 65535",
        "holodeck.yaml:4: jwt.isuer is not a key of a configuration. Did you mean issuer\\?",
        "holodeck.yaml:5: jwt.algorithms\\[0\\] is a text that does not fit. Write one of ES256",
      ].join("[\\s\\S]*"),
    ),
  );
  expect(() => load("port: [1")).toThrow(/holodeck\.yaml:1: This is not YAML/);
  expect(() => load("- port")).toThrow(/Write keys with values/);
  expect(() => load("port: 1\nport: 2")).toThrow(/holodeck\.yaml:2: The key stands here a second time/);
});

test("a key file opens only for who alone may read it, and holds one key", () => {
  const key = join(folder, "op.key");
  writeFileSync(key, "an-operators-key-0123\n", { mode: 0o600 });
  const { settings } = load(`key_file: ${key}`, { PLATO_API_KEY: "from-the-environment" });
  expect(operatorKeys(settings)).toEqual(["an-operators-key-0123", "from-the-environment"]);
  for (const mode of [0o640, 0o604, 0o620]) {
    chmodSync(key, mode);
    expect(() => operatorKeys(settings)).toThrow(/may be read or written by others.*chmod 600/);
  }
  chmodSync(key, 0o600);
  for (const text of ["", "two keys", "two\nkeys"]) {
    writeFileSync(key, text);
    expect(() => operatorKeys(settings)).toThrow(/has (?:no key|more than a key) in it/);
  }
  rmSync(key);
  expect(() => operatorKeys(settings)).toThrow(/cannot be read \(ENOENT\)/);
});

test("keys for JWTs are read from the file that is named", () => {
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  writeFileSync(join(folder, "jwt.pem"), publicKey.export({ type: "spki", format: "pem" }));
  const jwt = "jwt: {issuer: i, audience: a, algorithms: [ES256], key_file: jwt.pem}";
  expect(tokenReader(load(jwt).settings)).not.toBeNull();
  expect(tokenReader(load("").settings)).toBeNull();
  writeFileSync(join(folder, "jwt.pem"), "nonsense");
  expect(() => tokenReader(load(jwt).settings)).toThrow(/neither a public key as PEM nor a JWKS/);
});

/** What `config show` prints. */
async function shown(env: Env, options: Parameters<typeof showConfig>[1] = {}): Promise<string> {
  let text = "";
  const out = Object.assign(new EventEmitter(), { write: (part: string) => ((text += part), true) });
  const err = Object.assign(new EventEmitter(), { write: () => true });
  const io: Io = { out, err, env };
  expect(await showConfig([], { config: file, ...options }, io)).toBe(0);
  return text;
}

test("config show prints what a file could say, where each was said, and no secret", async () => {
  writeFileSync(file, "port: 7\nstore: postgres://user:hunter22@db/holodeck");
  const env = { PLATO_API_KEY: "an-operators-key-0123", PLATO_PORT: "8" };
  const text = await shown(env, { sources: true, host: "::1" });
  expect(text).toContain("port: 8  # env PLATO_PORT\n");
  expect(text).toContain("host: ::1  # flag --host\n");
  expect(text).toContain("log_level: info  # default\n");
  expect(text).toMatch(/store: .*user:\[masked\]@db\/holodeck.* # file\n/);
  expect(text).toMatch(/api_key: .*\[masked\].*# env PLATO_API_KEY\n/);
  const json = await shown(env, { sources: true, json: true });
  expect(JSON.parse(json)).toMatchObject({
    file,
    settings: { port: 8, api_key: "[masked]" },
    sources: { port: "env PLATO_PORT", store: "file" },
  });
  for (const one of [text, json]) {
    expect(one).not.toContain("hunter22");
    expect(one).not.toContain("operators-key");
  }
});
