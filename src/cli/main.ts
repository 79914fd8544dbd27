// The command `holodeck`. Runs when it is imported; what one command does not need is not loaded for it.
import { version } from "./version.ts";

const args = process.argv.slice(2);

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // Whoever read the output has seen enough, as in `holodeck tail | head`.
  process.exit(error.code === "EPIPE" ? 0 : 1);
});
// Nobody is left to be told.
process.stderr.on("error", () => undefined);

if (args.length === 1 && (args[0] === "--version" || args[0] === "-V")) {
  process.stdout.write(`${version()}\n`);
} else {
  const { runCommand } = await import("./program.ts");
  process.exitCode = await runCommand(args);
}
