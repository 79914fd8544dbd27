#!/usr/bin/env node
// Starts the command on Node ≥ 24. On an older Node it starts again on the one pinned beside the packages; in a
// checkout whose `dist/` is missing or stale it makes the checkout ready first. Kept small: it runs before anything.
import { existsSync } from "node:fs";
import module from "node:module";
import { fileURLToPath } from "node:url";

const NODE_MAJOR_MIN = 24;
const MAIN = new URL("../dist/cli/main.js", import.meta.url);

if (process.platform === "win32") {
  fail("Holodeck runs on Linux and macOS. On Windows, use it inside WSL2 or in a Docker container.");
} else {
  await start();
}

async function start() {
  // Node 20 has none. First of all, so that what follows is cached too.
  module.enableCompileCache?.();
  if (!isLaunched() && !(await makeCheckoutReady())) return;
  if (Number.parseInt(process.versions.node, 10) >= NODE_MAJOR_MIN) {
    await endWithLauncher();
    await import(MAIN.href);
    return;
  }
  const { findPinnedNode, startOn } = await import("./older-node.js");
  const pinned = isLaunched() ? null : findPinnedNode();
  if (pinned !== null) startOn(pinned);
  else
    fail(
      `Holodeck needs Node ${NODE_MAJOR_MIN} or newer; this is ${process.version}. Install it from https://nodejs.org.`,
    );
}

/** Only a source checkout can be stale: an installed package has no `src/`. False when making it ready failed. */
async function makeCheckoutReady() {
  const root = fileURLToPath(new URL("..", import.meta.url));
  if (!existsSync(`${root}src`) || !existsSync(`${root}.git`)) return true;
  // By a computed name: an installed package has no scripts/.
  const { isReady } = await import(new URL("../scripts/setup/ready.js", import.meta.url).href);
  if (isReady(root)) return true;
  const { spawnSync } = await import("node:child_process");
  const setup = spawnSync(process.execPath, [`${root}scripts/setup.js`], { stdio: ["inherit", 2, 2] });
  if (setup.status !== 0) process.exitCode = setup.status ?? 1;
  return setup.status === 0;
}

function isLaunched() {
  return process.env["HOLODECK_LAUNCHER_PIPE"] !== undefined;
}

/** A launcher on an older Node holds the other end of this pipe. When it is killed, so is this: they are one command. */
async function endWithLauncher() {
  const pipe = process.env["HOLODECK_LAUNCHER_PIPE"];
  if (pipe === undefined) return;
  delete process.env["HOLODECK_LAUNCHER_PIPE"];
  const { Socket } = await import("node:net");
  const socket = new Socket({ fd: Number(pipe), readable: true, writable: false });
  socket.on("close", () => process.kill(process.pid, "SIGKILL"));
  socket.on("error", () => undefined);
  socket.resume().unref();
}

/** @param {string} sentence */
function fail(sentence) {
  process.stderr.write(`holodeck: ${sentence}\n`);
  process.exitCode = 2;
}
