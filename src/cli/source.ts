// Which source of sessions a command's options name, opened for as long as it is used.
import { HolodeckError } from "../event/error.ts";
import { withStoreToRead } from "./existing-store.ts";
import type { Io } from "./io.ts";
import type { SessionSource, SourceOption } from "./session-source.ts";

/** A command whose options have `--url` takes it from the environment too, unless a store is named. */
export function urlOf({ url, store }: SourceOption, io: Io): string | null {
  if (url !== undefined && store !== undefined) {
    throw new HolodeckError("invalid_argument", {
      what: "Both --url and --store say where to look.",
      todo: "Name a server or a store.",
    });
  }
  const named = store === undefined ? (url ?? io.env["HOLODECK_URL"]) : undefined;
  return named === undefined || named === "" ? null : named;
}

/** Runs `use` on what the options name, and lets go of it. Throws `not_found` when there is no such store. */
export async function withSource<Value>(
  options: SourceOption,
  io: Io,
  use: (source: SessionSource) => Promise<Value>,
): Promise<Value> {
  const url = urlOf(options, io);
  if (url === null) {
    const { StoredSource } = await import("./stored-source.ts");
    return await withStoreToRead(
      options,
      io,
      async (store) => await use(new StoredSource(store, options, io)),
    );
  }
  const { ServedSource } = await import("./served-source.ts");
  const source = new ServedSource(url, options, io);
  try {
    return await use(source);
  } finally {
    await source.close();
  }
}
