import { expect, test } from "vitest";
import { encodeEvent, streamId } from "../event/event.ts";
import { type Asked, canonical, FleetRun } from "./fleet-run.ts";

test.for([
  [{ type: "register_agent", agent_id: "" }, "invalid_argument"],
  [{ type: "register_agent", agent_id: "x", capacity: 1.5 }, "invalid_argument"],
  [{ type: "register_agent", agent_id: "t" }, "conflict"],
  [{ type: "register_agent", agent_id: "y", capabilities: ["\u0000"] }, "invalid_argument"],
  [{ type: "register_task", task_id: "a" }, "conflict"],
  [{ type: "route", task_id: "a" }, "conflict"],
  [{ type: "route", task_id: "t", agents_needed: 0 }, "invalid_argument"],
  [{ type: "route", task_id: "t", agents_needed: 2 }, "fleet_full"],
  [{ type: "route", task_id: "x".repeat(257) }, "invalid_argument"],
  [{ type: "complete", task_id: "nope" }, "task_not_found"],
  [{ type: "complete", task_id: "a" }, "task_not_found"],
  [{ type: "confirm", task_id: "nope" }, "task_not_found"],
  [{ type: "unregister_agent", agent_id: "t" }, "not_found"],
  [{ type: "heartbeat", agent_id: "nope" }, "not_found"],
  [{ type: "add_edge", a: "a", b: "a", kind: "dependency" }, "invalid_argument"],
  [{ type: "add_edge", a: "a", b: "nope", kind: "dependency" }, "not_found"],
  [{ type: "add_edge", a: "a", b: "r", kind: "assignment" }, "invalid_argument"],
  [{ type: "add_edge", a: "a", b: "t", kind: "assignment", directed: true }, "invalid_argument"],
  [{ type: "remove_edge", a: "a", b: "t", kind: "dependency" }, "not_found"],
  [{ type: "remove_resource", resource_id: "a" }, "not_found"],
] as [Asked, string][])("%j is refused as %s and changes nothing", ([asked, code]) => {
  const run = new FleetRun();
  run.agents("a");
  run.give({ type: "register_task", task_id: "t" });
  run.give({ type: "add_resource", resource_id: "r" });
  const before = canonical(run.state);
  const refusal = run.give(asked);
  expect(refusal).toMatchObject({ code });
  expect(canonical(run.state)).toEqual(before);
});

test("the largest decision fits into an event", () => {
  const run = new FleetRun();
  const capabilities = Array.from({ length: 64 }, (_, number) => `${number}`.padEnd(64, "€"));
  for (let number = 0; number < 40; number++) {
    run.give({ type: "register_agent", agent_id: long(number), capabilities });
  }
  run.give({
    type: "route",
    task_id: long(1),
    session_id: long(2),
    required_capabilities: capabilities,
    agents_needed: 16,
  });
  run.give({ type: "complete", task_id: long(1), session_id: long(2) });
  for (const fact of run.facts) {
    const place = { v: 1, stream: streamId("fleet", "f"), seq: 1, prev: null, at: run.now } as const;
    expect(encodeEvent({ ...place, type: fact.type, room: fact.room, data: fact.data }).event.seq).toBe(1);
  }
});

function long(number: number): string {
  return `${number}`.padStart(3, "0") + "€".repeat(253);
}
