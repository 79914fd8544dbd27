// A session and all it manages come back in a fresh process, on each durable store; there and here, changing one field
// writes that field, once.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { z } from "zod";
import { OmniKind } from "../src/omni/omni-kind.ts";
import { watch } from "../src/omni/field.ts";
import { SessionManager } from "../src/local.ts";
import { DURABLE_STORES } from "./durable-stores.ts";

const INDEX = new URL("../src/index.ts", import.meta.url).href;

const Note = new OmniKind("note", {
  title: watch(z.string(), { default: "untitled" }),
  stars: watch(z.number(), { default: 0 }),
  token: watch(z.string(), { default: "", sensitive: true }),
});

/** What the fresh process does: nothing but data and an address came to it. */
const PROGRAM = `
import { OmniKind, Session, watch } from ${JSON.stringify(INDEX)};
import { z } from ${JSON.stringify(import.meta.resolve("zod"))};
const { data, store } = JSON.parse(process.argv[1]);
const Note = new OmniKind("note", { title: watch(z.string(), { default: "untitled" }), stars: watch(z.number(), { default: 0 }),
  token: watch(z.string(), { default: "", sensitive: true }) });
await using session = await Session.rehydrate(data, { store });
const notes = session.manage(Note);
const objects = await Promise.all(session.managed.map((key) => notes.rehydrate(key)));
const shown = objects.map((note) => note.toJSON());
const told = [];
objects[0].on((change) => told.push(change));
objects[0].stars = 5;
objects[0].title = objects[0].title;
const again = await session.persist();
objects[0].stars = 5;
await session.persist();
const bot = session.as("bot");
const denied = await bot.object(Note, "one").read("token").catch(({ code }) => code);
console.log(JSON.stringify({ managed: session.managed, shown, told, again, audit: await notes.audit("one"), denied,
  title: await bot.object(Note, "one").read("title") }));
`;

const READ = {
  id: "titles",
  roles: ["reader"],
  effect: "allow",
  actions: ["read"],
  resources: ["note:one.title"],
};

for (const { name, isThere, start } of DURABLE_STORES) {
  test.skipIf(!isThere)(
    `a session in ${name} comes back in a fresh process with all it manages`,
    async () => {
      const { store, stop } = await start();
      try {
        await using manager = new SessionManager({ sessionName: "s", agentId: "oracle1" }, { store });
        await manager.policies.put("house", [READ]);
        await manager.roles.put({ id: "reader" });
        await manager.identities.put({ id: "ada", roles: ["reader"] });
        const session = await manager.startSession({ policy: "house", identity: "ada" });
        await session.attachAgent({ identity: "bot" });
        const notes = session.manage(Note);
        const one = await notes.create("one", { title: "first", token: "hunter2" });
        await notes.create("two/ä", { stars: 2 });
        one.title = "second";
        const data = await session.persist();
        const elsewhere = await inFreshProcess({ data, store });
        expect(elsewhere).toMatchObject({
          managed: ["note:one", "note:two/ä"],
          shown: [
            { title: "second", stars: 0, token: "hunter2" },
            { title: "untitled", stars: 2, token: "" },
          ],
          told: [{ field: "stars", from: 0, to: 5 }],
          again: { ...data, identity_key: "identity:ada", policy_key: "policy:house" },
          audit: [
            { version: 1, fields: { title: "first", stars: 0, token: "***" } },
            { version: 2, fields: { title: "second" } },
            { version: 3, fields: { stars: 5 } },
          ],
          denied: "denied",
          title: "second",
        });
        expect(Object.keys((elsewhere as { readonly again: object }).again)).toHaveLength(5);
        const told: unknown[] = [];
        one.on((change) => told.push(change));
        expect((await notes.rehydrate("one")).stars).toBe(5);
        one.stars = 5;
        await session.persist();
        expect(told).toEqual([{ field: "stars", from: 0, to: 5 }]);
        expect(
          (await (await manager.store()).read({ stream: one.key })).map(({ event }) => event.data),
        ).toEqual([
          { fields: { title: "first", stars: 0, token: "hunter2" }, by: null },
          { fields: { title: "second" }, by: null },
          { fields: { stars: 5 }, by: null },
        ]);
      } finally {
        await stop();
      }
    },
  );
}

async function inFreshProcess(given: object): Promise<unknown> {
  const program = ["--input-type=module", "-e", PROGRAM, JSON.stringify(given)];
  const { stdout } = await promisify(execFile)(process.execPath, program);
  return JSON.parse(stdout);
}
