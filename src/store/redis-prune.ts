// Pruning in Redis: in scripts of a bounded number of events, entries leave the log, rooms and words; their hashes go
// into a list of the stream's own, so its length says how far the stream has been pruned.
import { HolodeckError } from "../event/error.ts";
import type { StreamId } from "../event/event.ts";
import type { Snapshot, StoredEvent } from "../event/log.ts";
import { hashWord, wordsOfEvent } from "../event/words.ts";
import { checkPrune } from "./input.ts";
import type { PrunedEvent } from "./port.ts";
import { bytesOf, listOf, numberOf, type Argument, type RedisClient } from "./redis-client.ts";
import type { RedisEvents } from "./redis-events.ts";
import { sortable, storedHead, type PartitionKeys } from "./redis-layout.ts";
import { catchUp, POSITION_BYTES } from "./redis-search.ts";
import { hashBytes, hashText } from "./stored-event.ts";
import { script } from "./redis-script.ts";

/** How many events one script prunes. */
const STEP = 128;

/**
 * KEYS: log, the stream's hashes of pruned events, its keys, the rooms, then one for each room, one for each word.
 * ARGV: the number of events and rooms, how many the stream's pruned events are, the events (position, hash, number of
 * the room or 0, its member there), the rooms' names, the words' positions. Does nothing when another was first.
 */
const PRUNE = script(`
local LOG, GONE, USED, ROOMS = unpack(KEYS, 1, 4)
local event_count, room_count, start = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
if redis.call('LLEN', GONE) ~= start then return 0 end

local tiles = {}
for event = 0, event_count - 1 do
  local position, hash, room, member = unpack(ARGV, 4 + 4 * event, 7 + 4 * event)
  redis.call('RPUSH', GONE, hash)
  redis.call('XDEL', LOG, position)
  room = tonumber(room)
  if room > 0 then
    redis.call('ZREM', KEYS[4 + room], member)
    tiles[room] = (tiles[room] or 0) + 1
  end
end

local function time(member)
  local high, low = struct.unpack('>I4I4', member)
  return string.format('%.0f', (high - 2147483648) * 4294967296 + low)
end
for room = 1, room_count do
  local name, key = ARGV[3 + 4 * event_count + room], KEYS[4 + room]
  local stood = redis.call('HGET', ROOMS, name)
  local first, latest = redis.call('ZRANGE', key, 0, 0)[1], redis.call('ZRANGE', key, -1, -1)[1]
  if not first then
    redis.call('HDEL', ROOMS, name)
  elseif stood then
    local left = tonumber(string.match(stood, '^(%d+):')) - (tiles[room] or 0)
    redis.call('HSET', ROOMS, name, string.format('%.0f', left) .. ':' .. time(first) .. ':' .. time(latest))
  end
end

local used = redis.call('HGETALL', USED)
for index = 1, #used, 2 do
  if tonumber(used[index + 1]) <= start + event_count then redis.call('HDEL', USED, used[index]) end
end

-- Postings are 18 bytes, in the order of their positions, which are the first 6.
local function without(postings, positions)
  local parts, from = {}, 0
  local function at(index) return (struct.unpack('>I6', postings, index * 18 + 1)) end
  for offset = 1, #positions, 6 do
    local position = struct.unpack('>I6', positions, offset)
    local low, high = 0, #postings / 18
    while low < high do
      local middle = math.floor((low + high) / 2)
      if at(middle) < position then low = middle + 1 else high = middle end
    end
    if low < #postings / 18 and at(low) == position then
      parts[#parts + 1] = string.sub(postings, from * 18 + 1, low * 18)
      from = low + 1
    end
  end
  parts[#parts + 1] = string.sub(postings, from * 18 + 1)
  return table.concat(parts)
end
local words_from = 3 + 4 * event_count + room_count
for word = 1, #KEYS - 4 - room_count do
  local key = KEYS[4 + room_count + word]
  local left = without(redis.call('GET', key) or '', ARGV[words_from + word])
  if left == '' then redis.call('DEL', key) else redis.call('SET', key, left) end
end
return event_count
`);

export async function pruneRedis(
  client: RedisClient,
  events: RedisEvents,
  { stream, throughSeq }: { readonly stream: StreamId; readonly throughSeq: number },
): Promise<number> {
  const keys = events.keysOfStream(stream);
  const head = await client.call("HGET", keys.heads, stream);
  checkPrune({ throughSeq }, head === null ? 0 : storedHead(stream, bytesOf(head)).seq);
  const text = await client.call("HGET", keys.snapshots, stream);
  if (text !== null && (JSON.parse(bytesOf(text).toString()) as Snapshot).seq <= throughSeq) {
    await client.call("HDEL", keys.snapshots, stream);
  }
  // What is found by no word yet would be made findable after it has gone.
  await catchUp(client, events, events.partitionOf(stream));
  for (let pruned = 0; ;) {
    const start = numberOf(await client.call("LLEN", keys.gone(stream)));
    if (start >= throughSeq) return pruned;
    const going = await events.read(stream, start, Math.min(STEP, throughSeq - start));
    if (going.length === 0 || going.some(({ event }, index) => event.seq !== start + index + 1)) {
      throw new HolodeckError("event_corrupt", {
        what: `Event ${start + 1} of ${stream} cannot be read, so it cannot be pruned.`,
        todo: "Run `holodeck verify` to see what is damaged.",
      });
    }
    const { names, values } = request(keys, stream, going, start);
    pruned += numberOf(await client.run(PRUNE, names, values));
  }
}

export async function prunedInRedis(
  client: RedisClient,
  events: RedisEvents,
  {
    stream,
    afterSeq,
    limit,
  }: { readonly stream: StreamId; readonly afterSeq: number; readonly limit: number },
): Promise<readonly PrunedEvent[]> {
  const key = events.keysOfStream(stream).gone(stream);
  const hashes = listOf(await client.call("LRANGE", key, afterSeq, afterSeq + limit - 1));
  return hashes.map((hash, index) => ({ seq: afterSeq + index + 1, hash: hashText(bytesOf(hash)) }));
}

function request(keys: PartitionKeys, stream: StreamId, going: readonly StoredEvent[], start: number) {
  const rooms = new Map<string, number>();
  const words = new Map<string, Buffer[]>();
  const values: Argument[] = [];
  for (const { event, hash, position } of going) {
    const raw = hashBytes(hash);
    const room = event.room === null ? 0 : (rooms.get(event.room) ?? rooms.size + 1);
    if (event.room !== null) rooms.set(event.room, room);
    values.push(position, raw, room, Buffer.concat([sortable(event.at), raw, wide(position, 8)]));
    for (const word of [hashWord(hash), ...wordsOfEvent(event)]) {
      words.set(word, [...(words.get(word) ?? []), wide(position, POSITION_BYTES)]);
    }
  }
  const names = [keys.log, keys.gone(stream), keys.keys(stream), keys.rooms];
  names.push(...[...rooms.keys()].map((name) => keys.room(name)));
  names.push(...[...words.keys()].map((word) => keys.word(word)));
  const lists = [...words.values()].map((positions) => Buffer.concat(positions));
  return { names, values: [going.length, rooms.size, start, ...values, ...rooms.keys(), ...lists] };
}

function wide(position: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(position, bytes - POSITION_BYTES, POSITION_BYTES);
  return buffer;
}
