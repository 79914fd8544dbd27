import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { ServerProcess } from "./process.ts";

const ready = /ready/;

test("killing a server that has started nothing ends that server alone", async () => {
  // In this process's own group, as the server is: what a signal to the group would take along.
  const neighbour = spawn("sleep", ["60"]);
  const server = await ServerProcess.start({ file: "sh", args: ["-c", "echo ready; exec sleep 60"], ready });
  await server.kill();
  expect(neighbour.signalCode).toBe(null);
  expect(process.kill(neighbour.pid ?? -1, 0)).toBe(true);
  neighbour.kill();
  await once(neighbour, "exit");
});

test.runIf(process.platform === "linux")("killing a server ends what it has started", async () => {
  const script = "sleep 60 & echo child $!; echo ready; wait";
  const server = await ServerProcess.start({ file: "sh", args: ["-c", script], ready });
  const child = Number(/child (\d+)/.exec(server.output)?.[1]);
  expect(process.kill(child, 0)).toBe(true);
  await server.kill();
  // It is gone, or waits as a zombie for whoever inherits it.
  expect(await stateOf(child)).toMatch(/^(gone|Z)$/);
});

async function stateOf(pid: number): Promise<string> {
  const ps = spawn("ps", ["-o", "stat=", "-p", String(pid)]);
  let text = "";
  ps.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  await once(ps, "close");
  return text.trim().slice(0, 1) || "gone";
}
