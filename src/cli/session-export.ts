// `holodeck session export`: a session as one file for others: a page that needs nothing beside it, or its events as
// lines of JSON. Values of declared secrets are taken out once more, in case a program recorded one.
import { HolodeckError } from "../event/error.ts";
import { streamKey } from "../event/event.ts";
import type { Json } from "../event/json.ts";
import { redactJson, secretPatterns, SECRET_CHARACTERS_MIN, type Patterns } from "../run/redact.ts";
import { stateAt } from "../session/past-session.ts";
import type { PastState } from "../session/past-view.ts";
import type { SessionReading, ToldEvent } from "../session/reading.ts";
import { streamOf } from "../session/stream.ts";
import { EXIT } from "./exit-codes.ts";
import { exportPage } from "./export-page.ts";
import { findSession } from "./find-session.ts";
import { note, print, type Io } from "./io.ts";
import type { SessionSource, SourceOption } from "./session-source.ts";
import { withSource } from "./source.ts";
import { checkOutputFile, writeOutputFile } from "./output-file.ts";
import { sessionDocument } from "../session/session-document.ts";

export interface SessionExportOptions extends SourceOption {
  /** Lines of JSON in place of a page. */
  readonly jsonl?: boolean;
  /** A file in place of stdout. */
  readonly output?: string;
  /** Environment variables whose values are taken out, beside the secrets that the session's plan declares. */
  readonly redact?: readonly string[];
}

export async function command(
  args: readonly string[],
  options: SessionExportOptions,
  io: Io,
): Promise<number> {
  if (options.output !== undefined) checkOutputFile(options.output);
  const text = await withSource(options, io, async (source) => {
    const head = await findSession(source, args[0] ?? "latest");
    const store = source.reading(streamKey(head.stream));
    const past = await stateAt(store, streamKey(head.stream), head.seq);
    const patterns = secretPatterns(await secretsOf(source, past, options.redact ?? [], io));
    const events = await eventsOf(store, past);
    if (options.jsonl === true) return events.map((event) => jsonLine(event, patterns)).join("\n");
    const shown = events.map(({ event }) => redacted(event, patterns));
    const session = redacted(sessionDocument(past.state, past.at), patterns);
    return exportPage({ session, events: shown, hash: past.hash });
  });
  if (options.output === undefined) print(io, text);
  else {
    writeOutputFile(options.output, `${text}\n`);
    note(io, `Written to ${options.output}.`);
  }
  return EXIT.ok;
}

async function eventsOf(store: SessionReading, { state, seq }: PastState): Promise<readonly ToldEvent[]> {
  const stream = streamOf(state.sessionId);
  const events: ToldEvent[] = [];
  for (;;) {
    const page = await store.read({ stream, afterSeq: events.at(-1)?.event.seq ?? 0 });
    events.push(...page.filter(({ event }) => event.seq <= seq));
    if (page.length === 0 || (page.at(-1)?.event.seq ?? seq) >= seq) return events;
  }
}

/** Values of what the plan declares and of what was asked for, as far as this environment has them. */
async function secretsOf(
  source: SessionSource,
  { state }: PastState,
  asked: readonly string[],
  io: Io,
): Promise<Readonly<Record<string, string>>> {
  const missing = asked.find((name) => (io.env[name]?.length ?? 0) < SECRET_CHARACTERS_MIN);
  if (missing !== undefined) {
    throw new HolodeckError("invalid_argument", {
      what: `${missing} is not set here to ${SECRET_CHARACTERS_MIN} characters or more, so it cannot be taken out.`,
      todo: "Set it for this command to the value that must not be shown.",
    });
  }
  const declared = await source.secretsOf(state);
  const values = [...declared, ...asked].map((name) => [name, io.env[name] ?? ""] as const);
  return Object.fromEntries(values.filter(([, value]) => value.length >= SECRET_CHARACTERS_MIN));
}

/** The event with its hash; one that had to be changed says so, for its hash is of what it was. */
function jsonLine({ event, hash }: ToldEvent, patterns: Patterns): string {
  const shown = redacted(event, patterns);
  const isSame = JSON.stringify(shown) === JSON.stringify(event);
  return JSON.stringify({ hash, ...shown, ...(!isSame && { redacted: true }) });
}

function redacted<Value extends object>(value: Value, patterns: Patterns): Value {
  // Redaction keeps the form: text stays text, and a number becomes text only where it shows a secret.
  return redactJson(patterns, JSON.parse(JSON.stringify(value)) as Json) as unknown as Value;
}
