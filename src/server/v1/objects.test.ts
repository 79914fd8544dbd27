import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { watch } from "../../omni/field.ts";
import { OmniKind } from "../../omni/omni-kind.ts";
import type { Session } from "../../session/session.ts";
import { V1Caller } from "../../testing/v1-caller.ts";

const Note = new OmniKind("note", {
  title: watch(z.string(), { default: "untitled" }),
  token: watch(z.string(), { default: "", sensitive: true }),
});

let v1 = new V1Caller();
let session: Session;
let path = "";
beforeEach(async () => {
  v1 = new V1Caller();
  session = await v1.manager.startSession();
  path = `/v1/sessions/${session.sessionId}/objects`;
});
afterEach(async () => await v1.close());

test("the objects a session manages are listed in the order they came, page by page, without what they hold", async () => {
  for (const id of ["one", "two/ä", "three"]) {
    await session.manage(Note).create(id, { title: "walrus", token: "hunter2" });
    await v1.clock.advance(1_000);
  }
  const one = await session.manage(Note).rehydrate("one");
  one.title = "second";
  await session.persist();
  const first = await v1.get(`${path}?limit=2`);
  expect(first.body["objects"]).toMatchObject([
    { key: "note:one", version: 2 },
    { key: "note:two/ä", version: 1 },
  ]);
  const second = await v1.get(`${path}?page_token=${first.body.next_page_token}`);
  expect(second.body).toMatchObject({ objects: [{ key: "note:three" }], next_page_token: null });
  for (const { text } of [first, second]) expect(text).not.toMatch(/walrus|hunter2|second/);
});

test("who wrote which fields when is told, and not to what", async () => {
  const one = await session.manage(Note).create("two/ä", { title: "walrus", token: "hunter2" });
  await v1.clock.advance(1_000);
  one.token = "hunter3";
  await session.persist();
  const audit = await v1.get(`${path}/${encodeURIComponent(one.key)}/audit`);
  expect(audit.body).toMatchObject({
    changes: [
      { version: 1, by: null, fields: ["title", "token"] },
      { version: 2, fields: ["token"] },
    ],
    next_after_version: null,
  });
  expect(audit.text).not.toMatch(/walrus|hunter/);
  const page = await v1.get(`${path}/${encodeURIComponent(one.key)}/audit?after_version=1&limit=1`);
  expect(page.body).toMatchObject({ changes: [{ version: 2 }], next_after_version: 2 });
});

test("an object of another session, a stream that is no object, and one that is not there look alike", async () => {
  const other = await v1.manager.startSession();
  await other.manage(Note).create("theirs");
  await v1.post("/v1/policies", { policy_id: "house", statements: [] });
  for (const key of ["note:theirs", "note:none", "policy:house", `session:${session.sessionId}`]) {
    const { status, body } = await v1.get(`${path}/${encodeURIComponent(key)}/audit`);
    expect([status, body["detail"]], key).toEqual([
      404,
      `Session ${session.sessionId} manages no object ${JSON.stringify(key)}.`,
    ]);
  }
  for (const key of ["plan", ":", "NOTE:a"])
    expect((await v1.get(`${path}/${encodeURIComponent(key)}/audit`)).status, key).toBe(400);
});
