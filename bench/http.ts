// What the server does over HTTP (DESIGN §7): tiles submitted, and events read live.
import type { Row } from "./harness.ts";
import { liveRow } from "./http/live.ts";
import { submitRow } from "./http/submit.ts";

export async function* rows(): AsyncGenerator<Row> {
  yield await submitRow();
  yield await liveRow();
}
