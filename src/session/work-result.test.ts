// What compiles as a task's work, both ways: the compiler runs this file (`tsc -p .`), and so does the machine.
import { expect, test } from "vitest";
import { testManager } from "../testing/test-manager.ts";
import type { Session } from "./session.ts";

interface Finding {
  readonly title: string;
  note?: string;
}

interface Report {
  findings: Finding[];
  readonly byName: Record<string, Finding | null>;
}

async function sessionWith(...taskIds: readonly string[]): Promise<Session> {
  const session = await testManager().manager.startSession();
  for (const taskId of taskIds) await session.addTask(taskId);
  return session;
}

test("work may answer an interface, and run answers it as that", async () => {
  const session = await sessionWith("a", "b", "c");
  const report: Report = { findings: [{ title: "one" }], byName: { two: null } };
  const answer: Report = await session.run("a", async (): Promise<Report> => await Promise.resolve(report));
  const finding: Finding | null = await session.run("b", (): Finding | null => ({ title: "one", note: "x" }));
  const nothing: void = await session.run("c", async (): Promise<void> => await Promise.resolve());
  expect([answer, finding, nothing]).toEqual([report, { title: "one", note: "x" }, undefined]);
  expect(session.getTask("a")?.result).toEqual(report);
});

test("work may not answer what JSON cannot hold", async () => {
  const session = await sessionWith("date", "function", "bigint");
  // @ts-expect-error A date is no JSON.
  await expect(session.run("date", () => ({ at: new Date(0) }))).rejects.toThrow("not a plain object");
  // @ts-expect-error Neither is a function.
  await expect(session.run("function", () => ({ call: () => 1 }))).rejects.toThrow("type function");
  // @ts-expect-error Nor a bigint.
  await expect(session.run("bigint", () => ({ n: 1n }))).rejects.toThrow("type bigint");
});
