// `holodeck key revoke NAME`: from now on the key opens nothing, in whatever process.
import { EXIT } from "./exit-codes.ts";
import { print, printJson, type Io } from "./io.ts";
import { withKeys, type KeyStoreOptions } from "./key-store.ts";
import { printable } from "./printable.ts";

export async function command(
  [name = ""]: readonly string[],
  options: KeyStoreOptions,
  io: Io,
): Promise<number> {
  await withKeys({ ...options, isMade: false }, io, async (keys) => await keys.revoke(name));
  if (options.json === true) printJson(io, { name, status: "revoked" });
  else print(io, `Revoked ${printable(name)}.`);
  return EXIT.ok;
}
