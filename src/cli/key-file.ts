// Files with what opens the server: an operator's key, which nobody else may read, and public keys, which everybody may.
import { readFileSync, statSync } from "node:fs";
import { HolodeckError } from "../event/error.ts";
import { jwtReader, type TokenReader } from "../server/jwt.ts";
import type { Settings } from "./settings.ts";

/** The operator's keys of a server. Throws `denied` for a file that others may read, `not_found` for one that is not there. */
export function operatorKeys({ keyFile, apiKey }: Settings): readonly string[] {
  const inFile = keyFile === null ? [] : [readKey(keyFile)];
  return apiKey === null ? inFile : [...inFile, apiKey];
}

export function tokenReader({ jwt }: Settings): TokenReader | null {
  if (jwt === null) return null;
  const { issuer, audience, algorithms, key_file: file } = jwt;
  return jwtReader({ issuer, audience, algorithms, keys: readFile(file) });
}

/** Throws `denied` for a file that others may read, and `not_found`. */
export function readKey(file: string): string {
  const key = readFile(file).trim();
  const mode = statSync(file).mode & 0o777;
  if ((mode & 0o077) !== 0)
    throw new HolodeckError("denied", {
      what: `The key file ${file} may be read or written by others (its mode is ${mode.toString(8)}).`,
      todo: `Run \`chmod 600 ${file}\`, and make another key if others may have read it.`,
    });
  if (/^\S+$/.test(key)) return key;
  throw new HolodeckError("invalid_argument", {
    what: `The key file ${file} has ${key === "" ? "no key" : "more than a key"} in it.`,
    todo: "Put one key on one line, without blanks.",
  });
}

function readFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const why = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    throw new HolodeckError("not_found", {
      what: `The key file ${file} cannot be read (${why}).`,
      todo: "Check its path and who may read it.",
      cause,
    });
  }
}
