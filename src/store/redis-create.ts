// Making a Redis store: one small key says what it is, and a script makes it or leaves it as it is, so many may open
// a new store at once. Also what the server must be set to for "durable" to be true.
import { HolodeckError } from "../event/error.ts";
import { bytesOf, listOf, type RedisClient, type Reply } from "./redis-client.ts";
import { PARTITIONS, PROGRAM, SCHEMA_VERSION } from "./redis-layout.ts";
import { script } from "./redis-script.ts";

const CREATE = script(`
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'none' and kind ~= 'hash' then return { kind } end
if kind == 'none' then
  redis.call('HSET', KEYS[1], 'program', ARGV[1], 'version', ARGV[2], 'partitions', ARGV[3])
end
return redis.call('HMGET', KEYS[1], 'program', 'version', 'partitions')`);

/** How many partitions the store has. Throws `store_newer` or `store_corrupt` for what this program must not touch. */
export async function createOrCheck(client: RedisClient): Promise<number> {
  const { name, prefix } = client.address;
  const key = `${prefix}:store`;
  const reply = listOf(await client.run(CREATE, [key], [PROGRAM, SCHEMA_VERSION, PARTITIONS]));
  const [program, version, partitions] = reply.map(textOf);
  if (program !== PROGRAM || version === undefined || partitions === undefined) {
    throw new HolodeckError("store_corrupt", {
      what: `The key ${key} of ${name} is not what this program makes.`,
      todo: "Name another prefix with ?prefix= in the address. Nothing has been changed.",
    });
  }
  if (Number(version) <= SCHEMA_VERSION) return Number(partitions);
  throw new HolodeckError("store_newer", {
    what: `The store ${name} has version ${version}; this program knows versions up to ${SCHEMA_VERSION}.`,
    todo: "Use the newer Holodeck that wrote it. Nothing has been changed.",
  });
}

/** Stores this process has warned about. */
const warned = new Set<string>();

/** Says once what the server may lose of what it has acknowledged. */
export async function warnIfNotDurable(client: RedisClient): Promise<void> {
  const { name } = client.address;
  const why = await whyNotDurable(client);
  if (why === null || warned.has(name)) return;
  warned.add(name);
  process.emitWarning(`The store ${name} may lose acknowledged events: ${why}.`, {
    type: "HolodeckWarning",
    code: "store_not_durable",
  });
}

async function whyNotDurable(client: RedisClient): Promise<string | null> {
  try {
    const replies = await client.onEach("CONFIG", "GET", "append*");
    const memory = await client.onEach("CONFIG", "GET", "maxmemory*");
    for (const reply of replies) {
      const settings = settingsOf(reply);
      if (settings.get("appendonly") !== "yes") return "appendonly is not yes";
      const sync = settings.get("appendfsync");
      if (sync !== "always") return `appendfsync is ${sync}, not always`;
    }
    for (const reply of memory) {
      const settings = settingsOf(reply);
      const policy = settings.get("maxmemory-policy");
      if (settings.get("maxmemory") !== "0" && policy !== "noeviction")
        return `maxmemory-policy is ${policy}, not noeviction`;
    }
    return null;
  } catch {
    return "the server does not show its settings; it needs appendonly yes and appendfsync always";
  }
}

function settingsOf(reply: Reply): ReadonlyMap<string, string> {
  const texts = listOf(reply).map((one) => bytesOf(one).toString());
  const settings = new Map<string, string>();
  for (let index = 0; index < texts.length; index += 2)
    settings.set(texts[index] ?? "", texts[index + 1] ?? "");
  return settings;
}

function textOf(reply: Reply): string | undefined {
  return reply === null ? undefined : bytesOf(reply).toString();
}
