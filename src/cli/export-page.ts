// A session as one HTML page with nothing beside it: no script, no font, no address. What sessions say is text: the
// template escapes it, and the page's own policy allows nothing but its style.
import { html, raw } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";
import type { Event } from "../event/event.ts";
import { tileOf, type Tile } from "../tile/tile.ts";
import { count, formatDuration } from "./format.ts";
import { attemptsOf, type Bar } from "./export-timeline.ts";

export interface Exported {
  /** As `session show --json` has it. */
  readonly session: SessionPart;
  readonly events: readonly Event[];
  /** Of the newest event: with it anyone can check that this is the session they know. */
  readonly hash: string;
}

/** What of the document the page speaks of by name. */
interface SessionPart {
  readonly session_id?: string;
  readonly session_name?: string;
  readonly agent_id?: string;
  readonly status?: string;
  readonly error?: string | null;
  readonly created_at?: string;
  readonly duration_seconds?: number;
  readonly patterns?: readonly string[];
  readonly tags?: readonly string[];
  readonly totals?: Readonly<Record<string, number>>;
  readonly tasks?: readonly TaskPart[];
}

interface TaskPart {
  readonly task_id: string;
  readonly status: string;
  readonly outcome: string | null;
  readonly attempts: number;
  readonly duration_ms: number | null;
  readonly agent_id: string;
  readonly error: string | null;
  readonly result: unknown;
  readonly output?: { readonly preview?: string; readonly bytes?: number };
}

type Markup = ReturnType<typeof html>;

/** So many events stand on the page; the lines of JSON have them all. */
const EVENTS_MAX = 5_000;

export function exportPage({ session, events, hash }: Exported): string {
  const tiles = events.flatMap((event) => {
    const tile = tileOf(event);
    return tile === null ? [] : [{ tile, at: event.at }];
  });
  const title = `${session.session_name ?? ""} · ${session.status ?? ""}`;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <title>${title}</title>
        <style>
          ${raw(STYLE)}
        </style>
      </head>
      <body>
        <h1>
          ${session.session_name} <small class="${statusClass(session.status)}">${session.status}</small>
        </h1>
        ${facts(session, hash)}
        <h2>Timeline</h2>
        ${timeline(attemptsOf(events))}
        <h2>Tasks</h2>
        ${(session.tasks ?? []).map((task) => taskPart(task))}
        <h2>Tiles</h2>
        ${tiles.map(({ tile, at }) => tilePart(tile, at))}
        <h2>Events</h2>
        ${eventTable(events)}
      </body>
    </html>`;
  // No part of it waits for anything: so it is text, and no promise.
  return (page as HtmlEscapedString).toString();
}

function facts(session: SessionPart, hash: string): Markup {
  const rows: readonly (readonly [name: string, value: string])[] = [
    ["session", session.session_id ?? ""],
    ["agent", session.agent_id ?? ""],
    ["started", session.created_at ?? ""],
    ["duration", formatDuration((session.duration_seconds ?? 0) * 1_000)],
    [
      "tasks",
      Object.entries(session.totals ?? {})
        .map(([name, number]) => `${number} ${name.replace("_", " ")}`)
        .join(", "),
    ],
    ["patterns", (session.patterns ?? []).join(", ") || "none"],
    ["tags", (session.tags ?? []).join(", ") || "none"],
    ...(session.error ? [["error", session.error] as const] : []),
    ["newest event's hash", hash],
  ];
  return html`<dl>
    ${rows.map(
      ([name, value]) =>
        html`<dt>${name}</dt>
          <dd>${value}</dd>`,
    )}
  </dl>`;
}

function timeline({ bars, spanMs }: { readonly bars: readonly Bar[]; readonly spanMs: number }): Markup {
  if (bars.length === 0) return html`<p>No task was started.</p>`;
  return html`<div class="timeline">
    ${bars.map(
      ({ label, outcome, fromMs, toMs }) =>
        html`<div class="row">
          <span class="name">${label}</span
          ><span class="lane"
            ><span
              class="bar ${statusClass(outcome)}"
              style="margin-left:${percent(fromMs, spanMs)};width:${percent(toMs - fromMs, spanMs)}"
              title="${outcome}: ${toMs - fromMs} ms"
            ></span
          ></span>
        </div>`,
    )}
  </div>`;
}

function taskPart(task: TaskPart): Markup {
  const outcome = task.outcome ?? task.status;
  const { preview = "", bytes = 0 } = task.output ?? {};
  return html`<details>
    <summary>
      <b>${task.task_id}</b> <span class="${statusClass(outcome)}">${outcome}</span> by ${task.agent_id},
      ${count(task.attempts, "attempt")}${task.duration_ms === null ? "" : `, ${formatDuration(task.duration_ms)}`}
    </summary>
    ${task.error === null ? "" : html`<pre class="failed">${task.error}</pre>`}
    ${task.result === null ? "" : html`<pre>${JSON.stringify(task.result, null, 2)}</pre>`}
    ${
      preview === ""
        ? ""
        : html`<p>What it wrote (${bytes} bytes in all):</p>
            <pre>${preview}</pre>`
    }
  </details>`;
}

function tilePart({ question, answer, tags, confidence, domain }: Tile, at: number): Markup {
  const text = typeof answer === "string" ? answer : JSON.stringify(answer, null, 2);
  return html`<details>
    <summary><time>${isoTime(at)}</time> ${question}</summary>
    <p>${domain} · confidence ${confidence} · ${tags.join(", ")}</p>
    <pre>${text}</pre>
  </details>`;
}

function eventTable(events: readonly Event[]): Markup {
  const shown = events.slice(0, EVENTS_MAX);
  const rest = events.length - shown.length;
  return html`<table>
      <tr>
        <th>seq</th>
        <th>at</th>
        <th>type</th>
        <th>data</th>
      </tr>
      ${shown.map(
        ({ seq, at, type, data }) =>
          html`<tr>
            <td>${seq}</td>
            <td><time>${isoTime(at)}</time></td>
            <td>${type}</td>
            <td><code>${JSON.stringify(data)}</code></td>
          </tr>`,
      )}
    </table>
    ${rest === 0 ? "" : html`<p>${rest} more: session export --jsonl has them all.</p>`}`;
}

/** Times that fall outside what a date can hold are shown as they are. */
function isoTime(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? String(at) : date.toISOString();
}

function percent(part: number, whole: number): string {
  return `${((100 * Math.max(0, part)) / Math.max(1, whole)).toFixed(2)}%`;
}

function statusClass(status: string | undefined): string {
  return status !== undefined && /^[a-z_]+$/.test(status) ? status : "";
}

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; }
dt { color: GrayText; } dd { margin: 0; overflow-wrap: anywhere; }
pre, code { font: 13px/1.4 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
pre { border-left: 3px solid GrayText; padding-left: .8rem; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; vertical-align: top; padding: .2rem .6rem .2rem 0; }
time { color: GrayText; white-space: nowrap; } details { margin: .3rem 0; } summary { cursor: pointer; }
.row { display: flex; gap: 1rem; } .name { width: 14rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.lane { flex: 1; } .bar { display: block; height: 1.1em; min-width: 3px; border-radius: 3px; background: GrayText; margin-top: .2em; }
.bar.success { background: #2e8b57; } .bar.failed { background: #c0392b; } .bar.timeout { background: #d68910; }
.success { color: #2e8b57; } .failed { color: #c0392b; } .timeout { color: #d68910; } .bar { color: inherit; }
`;
