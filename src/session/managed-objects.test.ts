import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { HolodeckError } from "../event/error.ts";
import { watch } from "../omni/field.ts";
import { OmniKind } from "../omni/omni-kind.ts";
import { MemoryStore } from "../store/memory.ts";
import { testManager, testProcesses } from "../testing/test-manager.ts";
import { all, refusalOf } from "../testing/test-trust.ts";
import { sessionAggregate } from "./aggregate.ts";
import { stateAt } from "./past-session.ts";

const Note = new OmniKind("note", {
  title: watch(z.string().max(20), { default: "untitled" }),
  stars: watch(z.number(), { default: 0 }),
  token: watch(z.string(), { default: "", sensitive: true }),
});

async function started(store = new MemoryStore()) {
  const made = testManager({}, { openStore: async () => store });
  const session = await made.manager.startSession();
  return { ...made, store, session, notes: session.manage(Note) };
}

test("an object that is created is durable and the session's: event, key, store and clock", async () => {
  const { session, notes, store, clock } = await started();
  const note = await notes.create("a", { title: "first" });
  expect(session.managed).toEqual(["note:a"]);
  const event = (await all(session.events())).find(({ type }) => type === "object_managed");
  expect(event?.data).toEqual({ key: "note:a" });
  const [written] = await store.read({ stream: note.key });
  expect(written?.event).toMatchObject({ at: clock.now(), data: { fields: { title: "first" }, by: null } });
  expect(Object.keys(await session.persist())).toHaveLength(5);
});

test("changing one watched field writes that field alone: one event, one audit entry, one notification; an equal value nothing", async () => {
  const { session, notes, store } = await started();
  const note = await notes.create("a", { title: "first" });
  const told: unknown[] = [];
  note.on((change) => told.push(change));
  note.title = "second";
  await session.persist();
  note.title = "second";
  await session.persist();
  expect(told).toEqual([{ field: "title", from: "first", to: "second" }]);
  const events = await store.read({ stream: note.key });
  expect(events.map(({ event }) => event.data).slice(1)).toEqual([{ fields: { title: "second" }, by: null }]);
  expect((await notes.audit("a")).map(({ version, fields }) => [version, fields])).toEqual([
    [1, { title: "first", stars: 0, token: "***" }],
    [2, { title: "second" }],
  ]);
  expect(await notes.at("a", 1)).toMatchObject({ title: "first" });
});

test("whoever asks twice holds one object, with what another process has written taken in", async () => {
  const { session, notes, store } = await started();
  const note = await notes.create("a");
  const told: unknown[] = [];
  note.on(({ field, to }) => told.push([field, to]));
  const two = testManager({}, { openStore: async () => store, processes: testProcesses(2) });
  const elsewhere = await two.manager.rehydrate(await session.persist());
  const theirs = await elsewhere.manage(Note).rehydrate("a");
  theirs.stars = 5;
  await theirs.persist();
  note.title = "mine";
  expect(await session.manage(Note).rehydrate("note:a")).toBe(note);
  expect([note.stars, note.title, note.dirty, note.version]).toEqual([5, "mine", ["title"], 2]);
  expect(note.updatedAt).toBeGreaterThanOrEqual(theirs.updatedAt);
  expect(told).toEqual([
    ["title", "mine"],
    ["stars", 5],
  ]);
});

test("an id that is taken is refused in whatever session, and what another session manages is not found", async () => {
  const { manager, notes } = await started();
  await notes.create("a", { title: "theirs" });
  const other = await manager.startSession();
  const others = other.manage(Note);
  for (const call of [others.rehydrate("a"), others.rehydrate("none"), others.at("a", 1), others.audit("a")])
    expect((await refusalOf(call)).code).toBe("not_found");
  expect((await refusalOf(others.create("a"))).code).toBe("conflict");
  expect((await refusalOf(notes.create("a"))).code).toBe("conflict");
  expect(other.managed).toEqual([]);
  expect((await others.adopt("a")).title).toBe("theirs");
  expect(other.managed).toEqual(["note:a"]);
  expect((await refusalOf(others.adopt("none"))).code).toBe("not_found");
});

test("a session that has ended takes no further object, makes none, and gives those it has", async () => {
  const { session, notes, store } = await started();
  await notes.create("a", { title: "kept" });
  await session.endSession();
  expect((await refusalOf(notes.create("b"))).code).toBe("session_ended");
  expect(await store.read({ stream: Note.keyOf("b") })).toEqual([]);
  expect((await notes.rehydrate("a")).title).toBe("kept");
});

test("what a session manages is there: an object whose naming failed is nobody's, and can be adopted", async () => {
  const { session, notes, store } = await started();
  const append = store.append.bind(store);
  store.append = async (items) => {
    if (items.some(({ events }) => events.some(({ event }) => event.type === "object_managed")))
      throw new HolodeckError("store_io", { what: "The disk is away.", todo: "Bring it back." });
    return await append(items);
  };
  expect((await refusalOf(notes.create("a", { title: "kept" }))).code).toBe("store_io");
  store.append = append;
  expect((await session.at(1)).managed).toEqual([]);
  expect((await refusalOf(notes.create("a"))).code).toBe("conflict");
  expect((await notes.adopt("a")).title).toBe("kept");
  expect(session.managed).toEqual(["note:a"]);
});

test("what is refused makes nothing the session's", async () => {
  const { session, notes } = await started();
  expect((await refusalOf(notes.create("a", { title: "x".repeat(21) }))).code).toBe("invalid_argument");
  expect((await refusalOf(notes.create(""))).code).toBe("invalid_argument");
  expect(session.managed).toEqual([]);
});

test("the past knows what was managed then, and a fork manages nothing until it adopts", async () => {
  const { session, notes } = await started();
  await notes.create("a");
  const { seq } = (await all(session.events())).at(-1)!;
  await notes.create("b");
  expect((await session.at(seq)).managed).toEqual(["note:a"]);
  const fork = await session.fork(seq);
  expect(fork.managed).toEqual([]);
  expect((await refusalOf(fork.manage(Note).rehydrate("a"))).code).toBe("not_found");
});

test("a snapshot keeps what is managed", async () => {
  const { store, session, notes } = await started();
  await notes.create("a");
  const { state } = await stateAt(store, session.sessionId, 2);
  const { snapshot } = sessionAggregate;
  expect([...snapshot.load(snapshot.save(state)).managed]).toEqual(["note:a"]);
});

test("a kind cannot be called like the library's own streams", () => {
  const folder = new URL("..", import.meta.url).pathname;
  const sources = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (path) => path.endsWith(".ts") && !path.endsWith(".test.ts") && !path.startsWith("testing"),
  );
  const named = sources.flatMap((path) =>
    [...readFileSync(join(folder, path), "utf8").matchAll(/(?:streamId|trustStream)\("([a-z_-]+)"/g)].map(
      ([, kind = ""]) => kind,
    ),
  );
  expect(named.length).toBeGreaterThan(8);
  for (const kind of new Set(named)) expect(() => new OmniKind(kind, {})).toThrow(/cannot be a kind/);
});
