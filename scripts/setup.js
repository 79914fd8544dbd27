// Makes a fresh clone ready: packages by `npm ci`, `dist/` by the compiler, and with --tests what tests need
// from the system. Runs before start, test, check and bench, on whatever Node the machine has: Node 20 syntax,
// nothing but `node:` modules, and quick when nothing is to do. Everything it says goes to stderr.
//
//   node scripts/setup.js [--build | --tests]      --build: `dist/` alone
import { fileURLToPath } from "node:url";
import { build, isBuilt } from "./setup/build.js";
import { install, isInstalled } from "./setup/install.js";
import { findMissingParts, provideParts } from "./setup/system.js";
import { inTurn } from "./setup/turn.js";
import { SetupError, say } from "./setup/words.js";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/**
 * Whether packages and `dist/` are what the sources ask for.
 * @param {string} root the checkout's folder
 */
export function isReady(root) {
  return isInstalled(root) && isBuilt(root);
}

/**
 * @param {string} root
 * @param {readonly string[]} flags
 */
async function setUp(root, flags) {
  const unknown = flags.find((flag) => flag !== "--build" && flag !== "--tests");
  if (unknown !== undefined)
    throw new SetupError(`${unknown} is no option. Use --build or --tests, or none.`);
  const buildOnly = flags.includes("--build");
  if (buildOnly ? !isBuilt(root) : !isReady(root)) {
    await inTurn(root, async () => {
      if (!buildOnly && !isInstalled(root)) await install(root);
      if (!isBuilt(root)) await build(root);
    });
  }
  if (!flags.includes("--tests") || findMissingParts().length === 0) return;
  await inTurn(root, provideParts);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await setUp(ROOT, process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    process.exitCode = 1;
  }
}
