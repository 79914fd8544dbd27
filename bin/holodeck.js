#!/usr/bin/env node
// Starts the command on Node ≥ 24. On an older Node it starts again on the one pinned beside the packages; in a
// checkout whose `dist/` is missing or stale it makes the checkout ready first. Kept small: it runs before anything.
import module from "node:module";

const NODE_MAJOR_MIN = 24;
const MAIN = new URL("../dist/cli/main.js", import.meta.url);

if (process.platform === "win32") {
  fail("Holodeck runs on Linux and macOS. On Windows, use it inside WSL2 or in a Docker container.");
} else {
  await start();
}

async function start() {
  if (!isLaunched() && !(await makeCheckoutReady())) return;
  if (Number.parseInt(process.versions.node, 10) >= NODE_MAJOR_MIN) {
    await endWithLauncher();
    module.enableCompileCache();
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
  const { existsSync } = await import("node:fs");
  if (!existsSync(new URL("../src", import.meta.url)) || !existsSync(new URL("../.git", import.meta.url)))
    return true;
  const { fileURLToPath } = await import("node:url");
  const setup = new URL("../scripts/setup.js", import.meta.url);
  const { isReady } = await import(setup.href);
  if (isReady(fileURLToPath(new URL("..", import.meta.url)))) return true;
  const { spawnSync } = await import("node:child_process");
  const { status } = spawnSync(process.execPath, [fileURLToPath(setup)], { stdio: ["inherit", 2, 2] });
  if (status !== 0) process.exitCode = status ?? 1;
  return status === 0;
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
