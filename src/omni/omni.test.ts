import fc from "fast-check";
import { describe, expect, expectTypeOf, test, vi } from "vitest";
import { z } from "zod";
import type { Moment } from "../event/decider.ts";
import { MemoryStore } from "../store/memory.ts";
import { persist, watch } from "./field.ts";
import { KINDS_TAKEN, OmniKind, type OmniPorts } from "./omni-kind.ts";

const Note = new OmniKind("note", {
  title: watch(z.string().max(20), { default: "untitled", description: "What it is about." }),
  stars: watch(z.coerce.number().int(), {
    default: 0,
    validate: (stars) => stars >= 0 || "stars are counted up",
  }),
  token: watch(z.string(), { default: "", sensitive: true, includeInDict: false }),
  tags: watch(z.array(z.string()), {
    default: [],
    transform: (given) => (typeof given === "string" ? given.split(",") : given),
  }),
  reads: persist(z.number(), { default: 0 }),
});

function ports(store = new MemoryStore()) {
  let now = 1_000;
  const moment = (): Moment => ({ now: now++, boot: { id: "boot", offsetMs: 0 } });
  return { store, moment } satisfies OmniPorts;
}

describe("a field", () => {
  test("is coerced and transformed as declared, and has its type", () => {
    const note = Note.create("a", {}, ports());
    note.set("stars", "3");
    note.set("tags", "x,y");
    expect([note.stars, note.tags]).toEqual([3, ["x", "y"]]);
    expectTypeOf(note.stars).toEqualTypeOf<number>();
    // @ts-expect-error -- a title is text
    expect(() => (note.title = 5)).toThrow(/note\.title is not allowed/);
  });

  test("holds a value that is changed by giving another: in place it cannot be", async () => {
    const at = ports();
    const given = ["x"];
    const note = Note.create("a", { tags: given }, at);
    given.push("later");
    expect(() => note.tags.push("y")).toThrow(TypeError);
    await note.persist();
    expect(note.tags).toEqual(["x"]);
    const again = await Note.rehydrate(note.key, at);
    expect(() => again.tags.push("y")).toThrow(TypeError);
  });

  test("that is refused stays as it was, and a sensitive one is not repeated", () => {
    const note = Note.create("a", { stars: 2, token: "hunter2" }, ports());
    expect(() => (note.stars = -1)).toThrow("note.stars is refused: stars are counted up.");
    expect(() => note.set("token", { secret: "hunter3" })).toThrow(
      "note.token is not what its schema allows.",
    );
    expect(() => note.set("color", 1)).toThrow(/A note has no field "color"/);
    expect(note.toJSON()).toEqual({ title: "untitled", stars: 2, tags: [], reads: 0 });
  });

  test("calls before and after, and stays as it was when before throws", () => {
    const calls: unknown[] = [];
    const before = vi.fn<(next: number) => void>((next) => {
      if (next > 9) throw new Error("too many");
    });
    const Kind = new OmniKind("counter", {
      n: watch(z.number(), {
        default: 0,
        before,
        after: (next, previous) => void calls.push([previous, next]),
      }),
    });
    const counter = Kind.create("a", {}, ports());
    counter.n = 4;
    counter.n = 4;
    expect(() => (counter.n = 10)).toThrow("too many");
    expect([counter.n, calls]).toEqual([4, [[0, 4]]]);
    expect(before).toHaveBeenCalledTimes(2);
  });

  test("without a default must be given, and a name that every object has is refused", () => {
    const Kind = new OmniKind("thing", { name: watch(z.string()) });
    expect(() => Kind.create("a", {}, ports())).toThrow("thing.name is missing, and has no default.");
    expect(() => new OmniKind("thing", { persist: watch(z.string()) })).toThrow(/cannot name a field/);
    expect(() => new OmniKind("thing", { __proto__x: watch(z.string()) })).toThrow(/cannot name a field/);
  });

  test("whose schema answers what is no JSON is refused", () => {
    const Kind = new OmniKind("thing", { when: watch(z.any(), { default: null }) });
    const thing = Kind.create("a", {}, ports());
    expect(() => thing.set("when", new Date())).toThrow(/thing\.when is not a plain object/);
    expect(() => thing.set("when", Number.NaN)).toThrow(/JSON has finite numbers/);
  });
});

test("a kind whose streams hold something else is refused", () => {
  for (const kind of KINDS_TAKEN) expect(() => new OmniKind(kind, {})).toThrow(/cannot be a kind of objects/);
});

describe("what is written", () => {
  test("changing one watched field writes that field alone: one event, one audit entry, one notification", async () => {
    const at = ports();
    const note = Note.create("a", { title: "first", token: "hunter2" }, at);
    await note.persist();
    const told: unknown[] = [];
    note.on((change) => told.push(change));
    note.title = "second";
    expect(note.dirty).toEqual(["title"]);
    await note.persist();
    expect(note.dirty).toEqual([]);
    expect(told).toEqual([{ field: "title", from: "first", to: "second" }]);
    const events = await at.store.read({ stream: note.key });
    expect(events.map(({ event }) => event.data)).toEqual([
      { fields: { title: "first", stars: 0, token: "hunter2", tags: [], reads: 0 }, by: null },
      { fields: { title: "second" }, by: null },
    ]);
    const audit = await Note.audit(note.key, at);
    expect(audit.map(({ version, fields }) => [version, fields])).toEqual([
      [1, { title: "first", stars: 0, token: "***", tags: [], reads: 0 }],
      [2, { title: "second" }],
    ]);
  });

  test("an equal value does nothing: no event, no notification, no change of time", async () => {
    const at = ports();
    const note = Note.create("a", { tags: ["x"] }, at);
    await note.persist();
    const told = vi.fn<() => void>();
    note.on(told);
    const { updatedAt } = note;
    note.tags = ["x"];
    note.set("stars", "0");
    await note.persist();
    expect([note.dirty, note.version, note.updatedAt]).toEqual([[], 1, updatedAt]);
    expect(told).not.toHaveBeenCalled();
  });

  test("a field that is not watched is written, and nobody is told", async () => {
    const at = ports();
    const note = Note.create("a", {}, at);
    const told = vi.fn<() => void>();
    note.on(told);
    note.reads = 7;
    await note.persist();
    expect(told).not.toHaveBeenCalled();
    expect((await Note.rehydrate(note.key, at)).reads).toBe(7);
  });

  test("what two hold of one object comes together: each writes its own fields", async () => {
    const at = ports();
    const one = Note.create("a", {}, at);
    await one.persist();
    const two = await Note.rehydrate(one.key, at);
    one.title = "by one";
    two.stars = 5;
    await one.persist();
    await two.persist();
    expect(two.toJSON()).toMatchObject({ title: "by one", stars: 5 });
    one.reads = 1;
    await one.persist();
    expect(one.stars).toBe(5);
    await expect(Note.create("a", {}, at).persist()).rejects.toMatchObject({ code: "conflict" });
  });

  test("what is changed while it is being written is still changed", async () => {
    const at = ports();
    const note = Note.create("a", {}, at);
    const append = at.store.append.bind(at.store);
    at.store.append = async (items) => {
      note.title = "later";
      return await append(items);
    };
    await note.persist();
    expect(note.dirty).toEqual(["title"]);
    await Promise.all([note.persist(), note.persist()]);
    expect([note.version, note.dirty]).toEqual([2, []]);
  });

  test("clearDirty takes what is changed for written", async () => {
    const at = ports();
    const note = Note.create("a", {}, at);
    await note.persist();
    note.title = "not kept";
    note.clearDirty();
    await note.persist();
    expect((await Note.rehydrate(note.key, at)).title).toBe("untitled");
  });

  test("earlier versions are read from the stream", async () => {
    const at = ports();
    const note = Note.create("a", { title: "one" }, at);
    await note.persist();
    note.title = "two";
    await note.persist();
    expect(await Note.at(note.key, 1, at)).toMatchObject({ title: "one" });
    expect(await Note.at(note.key, 2, at)).toMatchObject({ title: "two" });
    await expect(Note.at(note.key, 3, at)).rejects.toMatchObject({ code: "not_found" });
    await expect(Note.rehydrate("note:none", at)).rejects.toMatchObject({ code: "not_found" });
    await expect(Note.rehydrate("session:a", at)).rejects.toMatchObject({ code: "invalid_argument" });
  });

  test("an object written before a field was declared has that field's default", async () => {
    const at = ports();
    const Old = new OmniKind("note", { title: watch(z.string(), { default: "old" }) });
    const { key } = Old.create("a", {}, at);
    await Old.create("a", {}, at).persist();
    expect((await Note.rehydrate(key, at)).toJSON()).toEqual({ title: "old", stars: 0, tags: [], reads: 0 });
  });

  test("toJSON and fromJSON are each other's inverse for every value", () => {
    const values = fc.record({
      title: fc.string({ maxLength: 20, unit: "grapheme" }).filter((text) => text.length <= 20),
      stars: fc.nat(),
      tags: fc.array(fc.string()),
      reads: fc.integer(),
    });
    fc.assert(
      fc.property(values, (json) => {
        expect(Note.fromJSON("a", json, ports()).toJSON()).toEqual(json);
      }),
    );
  });
});

describe("what is shown", () => {
  test("status tells each field, what it means and whether it has changed; a sensitive one is hidden", async () => {
    const note = Note.create("a", { token: "hunter2" }, ports());
    await note.persist();
    note.title = "new";
    const status = JSON.stringify(note.status());
    expect(status).not.toContain("hunter2");
    expect(note.status()).toMatchObject({
      key: "note:a",
      version: 1,
      fields: {
        title: { value: "new", dirty: true, description: "What it is about." },
        token: { value: "***", dirty: false },
      },
    });
  });

  test("each field is guarded by its name: read, written, shown and audited", async () => {
    const at = ports();
    await Note.create("a", { title: "private", stars: 3 }, at).persist();
    const asked: string[] = [];
    const allows = (action: "read" | "write", resource: string): boolean => {
      asked.push(`${action} ${resource}`);
      return resource === "note:a.stars" && action === "read";
    };
    const guarded = { ...at, guard: { agent: "scout", allows } };
    const note = await Note.rehydrate("note:a", guarded);
    expect(note.stars).toBe(3);
    expect(() => note.title).toThrow("note.title may not be read here.");
    expect(() => (note.stars = 4)).toThrow("note.stars may not be written here.");
    expect(note.toJSON()).toEqual({ stars: 3 });
    expect(Object.keys(note.status()["fields"] as object)).toEqual(["stars"]);
    expect(await Note.audit("note:a", guarded)).toMatchObject([{ fields: { stars: 3 } }]);
    expect(asked).toContain("write note:a.stars");
    expect(note.dirty).toEqual([]);
  });

  test("a view for who has a guard has its own changes, and a guarded object gives none", async () => {
    const at = ports();
    const note = Note.create("a", { title: "first", stars: 3 }, at);
    await note.persist();
    const view = note.guardedBy({ agent: "scout", allows: (_, resource) => resource === "note:a.title" });
    expect(() => view.get("stars")).toThrow(/may not be read/);
    view.set("title", "second");
    expect([note.title, note.dirty]).toEqual(["first", []]);
    await view.persist();
    await note.refresh();
    expect(note.title).toBe("second");
    expect(await Note.audit(note.key, at)).toMatchObject([{ by: null }, { by: "scout" }]);
    expect(() => view.guardedBy({ agent: "scout", allows: () => true })).toThrow(/may not be read/);
  });

  test("who changed a field stands in the audit", async () => {
    const at = ports();
    const guard = { agent: "scout", allows: () => true };
    const note = Note.create("a", {}, { ...at, guard });
    await note.persist();
    expect(await Note.audit(note.key, at)).toMatchObject([{ by: "scout" }]);
  });

  test("a listener that throws harms nobody, and one that stopped is not called", () => {
    const note = Note.create("a", {}, ports());
    const told = vi.fn<() => void>();
    note.on(() => {
      throw new Error("listener");
    });
    note.on(told);
    const stop = note.on(told);
    stop();
    note.title = "x";
    expect(note.title).toBe("x");
    expect(told).toHaveBeenCalledTimes(1);
  });
});
