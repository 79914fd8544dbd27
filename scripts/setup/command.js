// Runs a command for the set-up, its output on stderr, so that stdout stays the program's own.
import { spawn } from "node:child_process";

/**
 * @typedef {object} CommandOptions
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env]
 * @property {boolean} [silent] throw its output away
 */

/**
 * The command's exit code; 127 when it cannot be started, 1 when a signal ended it.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {CommandOptions} [options]
 * @returns {Promise<number>}
 */
export function run(command, args, { cwd, env, silent } = {}) {
  return new Promise((resolve) => {
    const output = silent === true ? "ignore" : 2;
    const child = spawn(command, args, {
      ...(cwd === undefined ? {} : { cwd }),
      env: env ?? process.env,
      stdio: [silent === true ? "ignore" : "inherit", output, output],
    });
    child.on("error", () => resolve(127));
    child.on("close", (code) => resolve(code ?? 1));
  });
}
