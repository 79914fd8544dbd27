// One picture of a running plan, as lines of text: a pure function of what is to be shown, how large, and when.
import { palette, type Paint, type Palette } from "./ansi.ts";
import { count, formatDuration } from "./format.ts";
import { cut, fit, printable, widthOf, wrap } from "./printable.ts";
import { statusPaint, styleStatus } from "./status-style.ts";
import type { TaskView, TaskViewState, ViewState } from "./view-state.ts";

export interface FrameOptions {
  readonly columns: number;
  /** The frame has fewer lines than this, so that the cursor stays below it. */
  readonly rows: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly color: boolean;
}

/** Every line fits into the columns. With more tasks than rows the running ones come first. */
export function frame(state: ViewState, { columns, rows, now, color }: FrameOptions): readonly string[] {
  const colors = palette(color);
  const linesMax = Math.max(1, rows - 1);
  const header = headerLines(state, columns, now, colors);
  const footer = wrap(footerText(state), columns).map((line) => colors.dim(line));
  // Blank lines are the first to go where there is little room.
  const gap = linesMax >= 10 ? [""] : [];
  const room = linesMax - header.length - footer.length - 2 * gap.length;
  const tasks = taskLines(state.tasks, { room, columns, now, colors });
  return [...header, ...gap, ...tasks, ...gap, ...footer].slice(0, linesMax);
}

function headerLines(state: ViewState, columns: number, now: number, colors: Palette): readonly string[] {
  const { tasks, status, durationMs, startedAt, limitMs, concurrency } = state;
  const name = cut(printable(state.sessionName), columns);
  const rest = cut(`  ${state.sessionId}`, columns - widthOf(name));
  const running = tasks.filter((task) => task.state === "running").length;
  const ended = tasks.filter(isEnded).length;
  const elapsed = formatDuration(durationMs ?? now - startedAt);
  const counted = `${ended} of ${count(tasks.length, "task")}`;
  const shownStatus = cut(status === "open" ? "running" : status, columns);
  const facts =
    status === "open"
      ? `  ${elapsed} of ${formatDuration(limitMs)}  ${counted}  ${running} at once, at most ${concurrency}`
      : `  ${elapsed}  ${counted}`;
  return [
    colors.bold(name) + colors.dim(rest),
    styleStatus(shownStatus, colors) + cut(facts, columns - widthOf(shownStatus)),
  ];
}

function footerText({ status, hints }: ViewState): string {
  if (status === "open") return `Ctrl-C stops it; ${hints.resume} goes on.`;
  if (status === "ending") return "Waiting for what it started to leave; Ctrl-C waits no more.";
  if (status === "stopped") return `${hints.resume} goes on.`;
  return `${hints.show} shows it again.`;
}

interface TaskLines {
  readonly room: number;
  readonly columns: number;
  readonly now: number;
  readonly colors: Palette;
}

function taskLines(tasks: readonly TaskView[], { room, columns, now, colors }: TaskLines): readonly string[] {
  const lineOf = (shown: readonly TaskView[]): readonly string[] => {
    const widths = columnWidths(tasks, columns);
    return shown.map((task) => taskLine(task, { widths, columns, now, colors }));
  };
  if (tasks.length <= room) return lineOf(tasks);
  if (room < 1) return [];
  const urgent = tasks.toSorted((a, b) => RANK[a.state] - RANK[b.state]);
  const shown = new Set(urgent.slice(0, room - 1));
  const hidden = urgent.slice(room - 1);
  const lines = lineOf(urgent.filter((task) => shown.has(task)));
  return [...lines, colors.dim(cut(hiddenText(hidden), columns))];
}

/** What is shown first when not all can be. */
const RANK: Readonly<Record<TaskViewState, number>> = {
  running: 0,
  retrying: 1,
  failed: 2,
  timeout: 2,
  waiting: 3,
  cancelled: 4,
  success: 4,
};

/** `… 34 more: 30 waiting, 4 success` */
function hiddenText(hidden: readonly TaskView[]): string {
  const counts = new Map<string, number>();
  for (const { state } of hidden) counts.set(state, (counts.get(state) ?? 0) + 1);
  const parts = [...counts].map(([state, number]) => `${number} ${state}`);
  return `… ${hidden.length} more: ${parts.join(", ")}`;
}

interface Widths {
  readonly id: number;
  /** 0 leaves the column out, as in a narrow terminal. */
  readonly agent: number;
  readonly attempt: number;
}

const STATE_WIDTH = 9;
const TIME_WIDTH = 7;
const WIDE_COLUMNS = 64;

function columnWidths(tasks: readonly TaskView[], columns: number): Widths {
  const isWide = columns >= WIDE_COLUMNS;
  const ids = tasks.map(({ taskId }) => taskId);
  const agents = tasks.map(({ agentId }) => agentId);
  const attempts = tasks.map((task) => attemptText(task));
  return {
    id: widest(ids, Math.max(8, Math.floor(columns / 4))),
    agent: isWide ? widest(agents, 16) : 0,
    attempt: isWide ? widest(attempts, 9) : 0,
  };
}

function widest(texts: readonly string[], widthMax: number): number {
  let width = 0;
  for (const text of texts) width = Math.max(width, widthOf(printable(text)));
  return Math.min(width, widthMax);
}

const GLYPH: Readonly<Record<TaskViewState, string>> = {
  waiting: "○",
  running: "●",
  retrying: "↻",
  success: "✔",
  failed: "✘",
  timeout: "◷",
  cancelled: "–",
};

interface TaskLine {
  readonly widths: Widths;
  readonly columns: number;
  readonly now: number;
  readonly colors: Palette;
}

/** `● todo   counter  running      3.2s  2/3  src/event.ts: TODO` */
function taskLine(task: TaskView, { widths, columns, now, colors }: TaskLine): string {
  const style = statusPaint(task.state, colors);
  const cells: readonly (readonly [text: string, width: number, paint: Paint])[] = [
    [GLYPH[task.state], 1, style],
    [printable(task.taskId), widths.id, same],
    [printable(task.agentId), widths.agent, colors.dim],
    [task.state, STATE_WIDTH, style],
    [timeText(task, now).padStart(TIME_WIDTH), TIME_WIDTH, same],
    [attemptText(task), widths.attempt, same],
    [printable(task.last), Number.POSITIVE_INFINITY, colors.dim],
  ];
  let left = columns;
  const parts: string[] = [];
  for (const [text, width, paint] of cells) {
    if (width === 0 || left <= 0) continue;
    const gap = parts.length === 0 ? "" : " ".repeat(Math.min(left, parts.length === 1 ? 1 : 2));
    left -= gap.length;
    const shown = Number.isFinite(width) ? fit(text, Math.min(width, left)) : cut(text, left);
    left -= widthOf(shown);
    parts.push(gap + paint(shown));
  }
  return parts.join("").trimEnd();
}

function timeText({ startedAt, durationMs, retryAt, state }: TaskView, now: number): string {
  if (state === "retrying" && retryAt !== null) return `in ${formatDuration(Math.max(0, retryAt - now))}`;
  if (startedAt !== null) return formatDuration(Math.max(0, now - startedAt));
  return durationMs === null ? "" : formatDuration(durationMs);
}

/** Nothing for a task that has but one. */
function attemptText({ attempt, attemptsMax }: TaskView): string {
  if (attemptsMax === 1 && attempt <= 1) return "";
  return `${attempt}/${Math.max(attempt, attemptsMax)}`;
}

function isEnded({ state }: TaskView): boolean {
  return state !== "waiting" && state !== "running" && state !== "retrying";
}

function same(text: string): string {
  return text;
}
