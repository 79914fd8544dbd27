// One script appends a batch's items, partition by partition, each whole or not at all: it has read all it decides by
// before it writes anything of an item. In a cluster each partition has a call of its own.
import { randomBytes } from "node:crypto";
import type { AppendResult } from "../event/log.ts";
import type { EventCounts, Waiting } from "./append-queue.ts";
import { brokenChain } from "./input.ts";
import { listOf, numberOf, bytesOf, type Argument, type RedisClient, type Reply } from "./redis-client.ts";
import { dueBytes, ended, headJson, partitionKeys, sortable } from "./redis-layout.ts";
import { hashBytes } from "./stored-event.ts";
import { script } from "./redis-script.ts";

/**
 * KEYS: of each partition its eight, two for each item, one for each room. ARGV: the number of partitions; of each the
 * number of rooms and their names, the number of items and their parts. Gives for each item `a`, `c` and the seq, `r`
 * with key and seq, or `b`: appended, conflict, repeated, broken chain. An item whose token stands in the log has been
 * appended before, its answer lost.
 */
const APPEND = script(`
local next_key, next_argument = 0, 0
local function take_key()
  next_key = next_key + 1
  return KEYS[next_key]
end
local function take()
  next_argument = next_argument + 1
  return ARGV[next_argument]
end
local function whole(number)
  return string.format('%.0f', number)
end

local LOG, END, HEADS, KINDS, STATUSES, DUE, NAMES, ROOMS
local position, rooms, item_count, item_keys
local function begin_partition()
  LOG, END, HEADS, KINDS = take_key(), take_key(), take_key(), take_key()
  STATUSES, DUE, NAMES, ROOMS = take_key(), take_key(), take_key(), take_key()
  position = tonumber(redis.call('GET', END) or '0')
  rooms = {}
  for index = 1, tonumber(take()) do rooms[index] = { name = take(), tiles = 0 } end
  item_count = tonumber(take())
  item_keys = next_key
  next_key = next_key + 2 * item_count
  for _, room in ipairs(rooms) do room.key = take_key() end
end

local function take_item(index)
  local item = { positions = KEYS[item_keys + 2 * index - 1], used = KEYS[item_keys + 2 * index] }
  item.keys, item.events = {}, {}
  item.token, item.stream, item.after, item.prev = take(), take(), tonumber(take()), take()
  item.last, item.created, item.due, item.indexed, item.json = take(), take(), take(), take(), take()
  for key = 1, tonumber(take()) do item.keys[key] = { take(), take() } end
  for event = 1, tonumber(take()) do
    item.events[event] = { value = take(), room = tonumber(take()), member = take(), at = tonumber(take()) }
  end
  return item
end

local function refusal(item, seq, hash)
  for _, key in ipairs(item.keys) do
    local used = redis.call('HGET', item.used, key[1])
    if used then return { 'r', key[1], used } end
  end
  if seq ~= item.after then return { 'c', whole(seq) } end
  if hash ~= item.prev then return { 'b' } end
end

local function has_been_appended(item, seq)
  if seq <= item.after then return false end
  local first = redis.call('LINDEX', item.positions, item.after)
  local entries = redis.call('XRANGE', LOG, first, first)
  return entries[1] ~= nil and string.sub(entries[1][2][2], 1, 8) == item.token
end

local function write_head(item, stood)
  local created, due, indexed = item.created, nil, nil
  if stood then
    created = string.sub(stood, 49, 56)
    due = string.sub(stood, 57, 65)
    indexed = string.sub(stood, 74, 73 + tonumber(string.sub(stood, 66, 73)))
  else
    redis.call('ZADD', NAMES, 0, item.stream)
  end
  if indexed ~= item.indexed then
    local function kind_of(text) return string.sub(text, 1, string.find(text, '\\0', 1, true)) end
    if indexed then
      redis.call('ZREM', STATUSES, indexed .. created .. item.stream)
      redis.call('ZREM', KINDS, kind_of(indexed) .. created .. item.stream)
    end
    redis.call('ZADD', STATUSES, 0, item.indexed .. created .. item.stream)
    redis.call('ZADD', KINDS, 0, kind_of(item.indexed) .. created .. item.stream)
  end
  if due ~= item.due then
    if due and string.sub(due, 1, 1) == '1' then redis.call('ZREM', DUE, string.sub(due, 2) .. item.stream) end
    if string.sub(item.due, 1, 1) == '1' then redis.call('ZADD', DUE, 0, string.sub(item.due, 2) .. item.stream) end
  end
  redis.call('HSET', HEADS, item.stream, item.last .. string.format('%016.0f', item.after + #item.events)
    .. created .. item.due .. string.format('%08d', #item.indexed) .. item.indexed .. item.json)
end

local function count_tile(room, at)
  room.tiles = room.tiles + 1
  if room.first == nil or at < room.first then room.first = at end
  if room.latest == nil or at > room.latest then room.latest = at end
end

local function write(item, stood)
  redis.call('SET', END, whole(position + #item.events))
  local positions = {}
  for index, event in ipairs(item.events) do
    position = position + 1
    redis.call('XADD', LOG, whole(position) .. '-0', 'e', item.token .. event.value)
    positions[#positions + 1] = whole(position)
    if #positions == 1000 or index == #item.events then
      redis.call('RPUSH', item.positions, unpack(positions))
      positions = {}
    end
    if event.room > 0 then
      redis.call('ZADD', rooms[event.room].key, 0, event.member .. struct.pack('>I8', position))
      count_tile(rooms[event.room], event.at)
    end
  end
  for _, key in ipairs(item.keys) do redis.call('HSET', item.used, key[1], key[2]) end
  write_head(item, stood)
end

local function append(item)
  local stood = redis.call('HGET', HEADS, item.stream)
  local seq, hash = 0, ''
  if stood then seq, hash = tonumber(string.sub(stood, 33, 48)), string.sub(stood, 1, 32) end
  local answer = refusal(item, seq, hash)
  if not answer then
    write(item, stood)
  elseif not has_been_appended(item, seq) then
    return answer
  end
  return { 'a' }
end

local function write_rooms()
  for _, room in ipairs(rooms) do
    if room.tiles > 0 then
      local stood = redis.call('HGET', ROOMS, room.name)
      if stood then
        local tiles, first, latest = string.match(stood, '^(%d+):(-?%d+):(-?%d+)$')
        room.tiles = room.tiles + tonumber(tiles)
        room.first = math.min(room.first, tonumber(first))
        room.latest = math.max(room.latest, tonumber(latest))
      end
      redis.call('HSET', ROOMS, room.name, whole(room.tiles) .. ':' .. whole(room.first) .. ':' .. whole(room.latest))
    end
  end
end

local answers = {}
for partition = 1, tonumber(take()) do
  begin_partition()
  for index = 1, item_count do answers[#answers + 1] = append(take_item(index)) end
  write_rooms()
end
return answers
`);

/** Answers every item of a batch, and says how much was appended. */
export async function appendBatch(client: RedisClient, batch: readonly Waiting[]): Promise<EventCounts> {
  const sent = batch.flatMap((one) => {
    const json = jsonOf(one);
    return json === null ? [] : [{ one, json }];
  });
  const parts = [...Map.groupBy(sent, ({ one }) => one.partition)];
  // In one message: a server that syncs before it answers syncs once for a script, and many scripts would reach it
  // over several readings of its socket.
  const messages = client.address.isCluster ? parts.map((part) => [part]) : [parts];
  const appended = new Map<number, number>();
  await Promise.all(messages.map(async (message) => await appendParts(client, message, appended)));
  return appended;
}

type Part = readonly [partition: number, sent: readonly Sent[]];

async function appendParts(
  client: RedisClient,
  parts: readonly Part[],
  appended: Map<number, number>,
): Promise<void> {
  if (parts.length === 0) return;
  const sent = parts.flatMap(([, some]) => some);
  try {
    const requests = parts.map(([partition, some]) => request(client, partition, some));
    const keys = requests.flatMap((one) => one.keys);
    const values = requests.flatMap((one) => one.values);
    const answers = listOf(await client.run(APPEND, keys, [parts.length, ...values]));
    for (const [index, { one }] of sent.entries()) {
      const { item, partition } = one;
      const result = resultOf(listOf(answers[index] ?? null));
      if (result === null) one.reject(brokenChain(item));
      else one.resolve(result);
      if (result?.status !== "appended") continue;
      appended.set(partition, (appended.get(partition) ?? 0) + item.events.length);
    }
  } catch (error) {
    for (const { one } of sent) one.reject(error);
  }
}

/** Null when the head is no JSON, which fails its own item alone. */
function jsonOf(one: Waiting): string | null {
  try {
    return headJson(one.item.head);
  } catch (error) {
    one.reject(error);
    return null;
  }
}

/** An item and its head as JSON. */
interface Sent {
  readonly one: Waiting;
  readonly json: string;
}

function request(client: RedisClient, partition: number, sent: readonly Sent[]) {
  const known = partitionKeys(client.address.prefix, partition);
  const { log, end, heads, kinds, statuses, due, names, rooms } = known;
  const keys = [log, end, heads, kinds, statuses, due, names, rooms];
  const roomNumbers = new Map<string, number>();
  const values: Argument[] = [];
  // Nobody else knows an item's token: so that what it wrote is told from what another wrote alike.
  const tokens = randomBytes(8 * sent.length);
  for (const [index, { one, json }] of sent.entries()) {
    keys.push(known.positions(one.item.stream), known.keys(one.item.stream));
    values.push(tokens.subarray(8 * index, 8 * index + 8), ...itemValues(one, json, roomNumbers));
  }
  const roomNames = [...roomNumbers.keys()];
  keys.push(...roomNames.map((name) => known.room(name)));
  return { keys, values: [roomNames.length, ...roomNames, sent.length, ...values] };
}

function itemValues({ item }: Waiting, json: string, roomNumbers: Map<string, number>): readonly Argument[] {
  const { stream, expectedSeq, events, head, keys } = item;
  const prev = events[0]?.event.prev ?? null;
  const last = events.at(-1)?.hash ?? "";
  return [
    stream,
    expectedSeq,
    prev === null ? "" : hashBytes(prev),
    hashBytes(last),
    sortable(head.createdAt),
    dueBytes(head.dueAt),
    ended(head.kind, head.status),
    json,
    keys.length,
    ...keys.flatMap(({ key, seq }) => [key, seq]),
    events.length,
    ...events.flatMap(({ event, hash, bytes }) => {
      const raw = hashBytes(hash);
      const value = Buffer.concat([raw, bytes]);
      if (event.room === null) return [value, 0, "", event.at];
      const room = roomNumbers.get(event.room) ?? roomNumbers.size + 1;
      roomNumbers.set(event.room, room);
      return [value, room, Buffer.concat([sortable(event.at), raw]), event.at];
    }),
  ];
}

/** Null for a broken chain. */
function resultOf([kind, first, second]: readonly Reply[]): AppendResult | null {
  switch (bytesOf(kind).toString()) {
    case "a": {
      return { status: "appended" };
    }
    case "c": {
      return { status: "conflict", seq: numberOf(first) };
    }
    case "r": {
      return { status: "repeated", key: bytesOf(first).toString(), seq: numberOf(second) };
    }
    default: {
      return null;
    }
  }
}
