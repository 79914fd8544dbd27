// The key for the PLATO server that tiles go to, and for no other: where they go may be said by a plan that somebody
// else wrote.

const PLATO_PORT = "8848";

/** What of the environment it takes; an empty variable means unset. */
export interface PlatoKeyEnvironment {
  readonly PLATO_API_KEY?: string | undefined;
  readonly PLATO_URL?: string | undefined;
  readonly PLATO_PORT?: string | undefined;
}

/** `PLATO_API_KEY`, when `url` is the server that `PLATO_URL` names (default: this machine's, on `PLATO_PORT`). */
export function platoKeyFor(url: string, env: PlatoKeyEnvironment): string | null {
  if (!env.PLATO_API_KEY) return null;
  const named = env.PLATO_URL || `http://127.0.0.1:${env.PLATO_PORT || PLATO_PORT}`;
  return URL.canParse(named) && originOf(url) === originOf(named) ? env.PLATO_API_KEY : null;
}

function originOf(url: string): string {
  const parsed = new URL(url);
  if (parsed.hostname === "localhost") parsed.hostname = "127.0.0.1";
  return parsed.origin;
}
