// Makes a fresh clone ready: packages by `npm ci`, `dist/` by the compiler, and with --tests what tests need
// from the system. Runs before start, test, check and bench, on whatever Node the machine has: Node 20 syntax,
// nothing but `node:` modules, and quick when nothing is to do. Everything it says goes to stderr.
//
//   node scripts/setup.js [--packages | --build | --tests]      the first two: that step alone
import { fileURLToPath } from "node:url";
import { build } from "./setup/build.js";
import { install } from "./setup/install.js";
import { isBuilt, isInstalled } from "./setup/ready.js";
import { findMissingParts, provideParts } from "./setup/system.js";
import { inTurn } from "./setup/turn.js";
import { SetupError, say } from "./setup/words.js";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const FLAGS = ["--packages", "--build", "--tests"];

/**
 * @param {string} root
 * @param {readonly string[]} flags
 */
async function setUp(root, flags) {
  const unknown = flags.find((flag) => !FLAGS.includes(flag));
  if (unknown !== undefined) {
    throw new SetupError(`${unknown} is no option. Use one of ${FLAGS.join(", ")}, or none.`);
  }
  const wantsPackages = !flags.includes("--build");
  const wantsBuild = !flags.includes("--packages");
  const isDone = () => (!wantsPackages || isInstalled(root)) && (!wantsBuild || isBuilt(root));
  if (!isDone()) {
    await inTurn(root, async () => {
      if (wantsPackages && !isInstalled(root)) await install(root);
      if (wantsBuild && !isBuilt(root)) await build(root);
    });
  }
  if (flags.includes("--tests") && findMissingParts().length > 0) await inTurn(root, provideParts);
}

try {
  await setUp(ROOT, process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
