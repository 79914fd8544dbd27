import { describe, expect, test } from "vitest";
import { z } from "zod";
import { watch } from "../omni/field.ts";
import { OmniKind } from "../omni/omni-kind.ts";
import { MemoryStore } from "../store/memory.ts";
import { decisionsOf, refusalOf, testTrust } from "../testing/test-trust.ts";

const Note = new OmniKind("note", {
  title: watch(z.string().max(20), { default: "untitled", description: "What it is about." }),
  stars: watch(z.number(), { default: 0 }),
  salary: watch(z.number(), { default: 100 }),
  token: watch(z.string(), { default: "hunter2", sensitive: true, includeInDict: false }),
});

const allow = (id: string, actions: readonly string[], resources: readonly string[], condition?: object) => ({
  id,
  roles: ["reader"],
  effect: "allow",
  actions,
  resources,
  ...(condition !== undefined && { condition }),
});

/** Titles may be read and written, stars read; all by the bot. */
const TITLES = [
  allow("titles", ["read", "write"], ["note:a.title"]),
  allow("stars", ["read"], ["note:a.stars", "note:a.token"]),
];

async function withNote(statements: readonly object[] = TITLES) {
  const store = new MemoryStore();
  const made = await testTrust(statements, { recordAllows: "all" }, { openStore: async () => store });
  const note = await made.session.manage(Note).create("a", { title: "first" });
  return { ...made, store, note, mine: made.bot.object(Note, "a") };
}

describe("an agent's object", () => {
  test("is read and written field by field, as the policy says now", async () => {
    const { manager, mine, note } = await withNote();
    expect(await mine.read("title")).toBe("first");
    await mine.write({ title: "second" });
    await note.refresh();
    expect(note.title).toBe("second");
    expect((await refusalOf(mine.read("salary"))).code).toBe("denied");
    expect((await refusalOf(mine.write({ stars: 5 }))).code).toBe("denied");
    await manager.policies.put("house", []);
    expect((await refusalOf(mine.read("title"))).code).toBe("denied");
    expect((await refusalOf(mine.write({ title: "third" }))).code).toBe("denied");
  });

  test("shows the fields it may read alone: values, status, versions, audit", async () => {
    const { mine, note } = await withNote();
    note.salary = 200;
    await note.persist();
    await mine.write({ title: "second" });
    expect(await mine.readAll()).toEqual({ title: "second", stars: 0 });
    const status = await mine.status();
    expect(Object.keys(status["fields"] as object)).toEqual(["title", "stars", "token"]);
    expect(JSON.stringify(status)).not.toContain("hunter2");
    expect(await mine.at(1)).toEqual({ title: "first", stars: 0 });
    expect(await mine.audit()).toMatchObject([
      { version: 1, by: null, fields: { title: "first", stars: 0, token: "***" } },
      { version: 3, by: "bot", fields: { title: "second" } },
    ]);
  });

  test("writes all that was asked for, or nothing", async () => {
    const { mine, store, note } = await withNote();
    expect((await refusalOf(mine.write({ title: "x", salary: 1 }))).code).toBe("denied");
    expect((await refusalOf(mine.write({ title: "x".repeat(21) }))).code).toBe("invalid_argument");
    await mine.write({ title: "first" });
    expect(await store.read({ stream: note.key })).toHaveLength(1);
  });

  test("that nobody granted looks like one that does not exist; so does another session's to who was granted all", async () => {
    const { bot } = await withNote();
    const denied = await refusalOf(bot.object(Note, "b").read("title"));
    const there = await refusalOf(bot.object(Note, "a").read("salary"));
    expect([denied.code, there.code]).toEqual(["denied", "denied"]);
    const open = await withNote([allow("all", ["*"], ["*"])]);
    const other = await open.manager.startSession();
    await other.manage(Note).create("theirs");
    const theirs = await refusalOf(open.bot.object(Note, "theirs").read("title"));
    const none = await refusalOf(open.bot.object(Note, "none").read("title"));
    expect([theirs.code, theirs.message.replace("theirs", "none")]).toEqual(["not_found", none.message]);
    expect(await open.bot.managed()).toEqual(["note:a"]);
  });

  test("an agent creates with what it may write, under its name", async () => {
    const part = { "resource.attributes.part": "objects", "resource.attributes.kind": "note" };
    const { bot, session } = await withNote([
      allow("add", ["add"], ["*"], part),
      allow("titles", ["write"], ["*"], { ...part, "resource.attributes.field": "title" }),
    ]);
    expect((await refusalOf(bot.object(Note, "b").create({ salary: 9_000 }))).code).toBe("denied");
    expect(session.managed).toEqual(["note:a"]);
    await bot.object(Note, "b").create({ title: "mine" });
    expect(session.managed).toEqual(["note:a", "note:b"]);
    expect(await session.manage(Note).audit("b")).toMatchObject([{ by: "bot", fields: { title: "mine" } }]);
    expect((await refusalOf(bot.object(Note, "b").create({ title: "again" }))).code).toBe("conflict");
  });

  test("no id reaches into another object's fields", async () => {
    const { bot, session } = await withNote([allow("a", ["read"], ["note:a.*"])]);
    const notes = session.manage(Note);
    for (const id of ["a.b", "a.title", "a/b", "*"]) {
      await notes.create(id);
      expect((await refusalOf(bot.object(Note, id).read("title"))).code).toBe("denied");
    }
    expect(await bot.object(Note, "a").read("title")).toBe("first");
  });

  test("a kind that is only called so is refused: what a field takes is not the agent's to say", async () => {
    const { bot, note } = await withNote([allow("all", ["*"], ["*"])]);
    const Own = new OmniKind("note", { title: watch(z.any(), { default: null }) });
    expect(() => bot.object(Own, "a")).toThrow(/kind is "none that is managed here"/);
    await note.refresh();
    expect(note.title).toBe("first");
  });

  test("what a decision is recorded with holds nothing of a value", async () => {
    const { mine, session } = await withNote();
    await mine.write({ title: "hush" });
    await refusalOf(mine.write({ salary: 987_654 }));
    const records = await decisionsOf(session);
    expect(records.map(({ action, resource, allow: isAllowed }) => [action, resource, isAllowed])).toEqual([
      ["write", "note:a.title", true],
      ["write", "note:a.salary", false],
    ]);
    expect(JSON.stringify(records)).not.toMatch(/hush|987/);
  });

  test("the facts of an object are the session's to say", async () => {
    const facts = { "resource.attributes.part": "objects", "resource.attributes.field": "title" };
    const { session } = await withNote([allow("titles", ["read"], ["*"], facts)]);
    const may = async (resource: string): Promise<boolean> =>
      (await session.can("bot", "read", resource)).allow;
    expect(await may("note:a.title")).toBe(true);
    for (const other of ["note:a.salary", "note:a", "note:b.title", "note:a.title.title", "notes:a.title"])
      expect(await may(other)).toBe(false);
  });

  test("an agent's persist leaves what the owner has not persisted", async () => {
    const { bot, note, store } = await withNote([allow("all", ["*"], ["*"])]);
    note.title = "half made";
    await bot.persist();
    expect(await store.read({ stream: note.key })).toHaveLength(1);
  });
});
