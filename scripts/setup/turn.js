// One set-up at a time in a checkout: `npm start` and `npm test` in two terminals take turns.
// The turn is a file naming the process that has it. It is taken over when that process is gone, or when it has
// shown no sign of life for a while: its number may have passed to another process.
import {
  closeSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { say } from "./words.js";

const LIFE_SIGN_MS = 1_000;
const SILENCE_MS_MAX = 60_000;
const POLL_MS = 100;

/**
 * Runs `work` while no other process of this checkout is in its turn.
 * @param {string} root
 * @param {() => Promise<void>} work
 */
export async function inTurn(root, work) {
  const file = join(root, ".setup-turn");
  const mine = `${process.pid} ${Date.now()}\n`;
  await takeTurn(file, mine);
  const signs = setInterval(() => giveSign(file), LIFE_SIGN_MS);
  try {
    await work();
  } finally {
    clearInterval(signs);
    takeAway(file, mine);
  }
}

/** @param {string} file */
function giveSign(file) {
  try {
    utimesSync(file, new Date(), new Date());
  } catch (error) {
    // Taken over while this machine slept: the work goes on, and whoever took over looks again at what is needed.
    if (!isCode(error, "ENOENT")) throw error;
  }
}

/**
 * @param {string} file
 * @param {string} mine
 */
async function takeTurn(file, mine) {
  let lastSign = -1;
  let seenAt = 0;
  let hasSaid = false;
  while (!tryCreate(file, mine)) {
    const holder = readHolder(file);
    if (holder === null) continue;
    if (holder.sign !== lastSign) [lastSign, seenAt] = [holder.sign, performance.now()];
    // Silence is measured by this process's own watching, so a machine that slept is not taken for a dead one.
    const isSilent = performance.now() - seenAt > SILENCE_MS_MAX;
    if (isSilent || !isAlive(holder.pid)) {
      takeAway(file, holder.text);
      continue;
    }
    if (!hasSaid) say(`another set-up (process ${holder.pid}) is at work here; waiting for it.`);
    hasSaid = true;
    await sleep(POLL_MS);
  }
}

/**
 * @param {string} file
 * @param {string} mine
 */
function tryCreate(file, mine) {
  try {
    const handle = openSync(file, "wx");
    writeSync(handle, mine);
    closeSync(handle);
    return true;
  } catch (error) {
    if (isCode(error, "EEXIST")) return false;
    throw error;
  }
}

/** @param {string} file */
function readHolder(file) {
  try {
    const text = readFileSync(file, "utf8");
    return { text, pid: Number.parseInt(text, 10), sign: statSync(file).mtimeMs };
  } catch (error) {
    if (isCode(error, "ENOENT")) return null;
    throw error;
  }
}

/**
 * Removes one's own turn, or one that was judged dead. Renaming first means that of several who judge so only one
 * removes it; what turns out to be a newer turn is put back.
 * @param {string} file
 * @param {string} judged
 */
function takeAway(file, judged) {
  const aside = `${file}-${process.pid}`;
  try {
    renameSync(file, aside);
    if (readFileSync(aside, "utf8") === judged) rmSync(aside, { force: true });
    else renameSync(aside, file);
  } catch (error) {
    if (!isCode(error, "ENOENT")) throw error;
  }
}

/** @param {number} pid */
function isAlive(pid) {
  // A file just created is still empty: its writer is at work.
  if (Number.isNaN(pid)) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isCode(error, "EPERM");
  }
}

/**
 * @param {unknown} error
 * @param {string} code
 */
function isCode(error, code) {
  return error instanceof Error && "code" in error && error.code === code;
}
