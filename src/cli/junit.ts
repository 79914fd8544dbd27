// A session as a JUnit report, which build servers show: a suite of one case a task. The form is the one that the
// Jenkins plug-in and its followers read (https://github.com/testmoapp/junitxml).
import { taskTotals, type SessionState, type TaskState } from "../session/state.ts";
import { isoTime } from "../tile/session-tiles.ts";
import { count } from "./format.ts";

/** Times are in seconds. A task that was cancelled is skipped; one that has not ended is an error. */
export function junitReport(state: SessionState): string {
  const { sessionName, sessionId, durationMs, createdAt, error } = state;
  const tasks = [...state.tasks.values()];
  const { failed, timed_out, cancelled } = taskTotals(state);
  const open = tasks.filter(({ outcome }) => outcome === null).length;
  const name = attribute(sessionName);
  const counts = `tests="${tasks.length}" failures="${failed}" errors="${timed_out + open}" skipped="${cancelled}"`;
  const time = `time="${seconds(durationMs)}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${counts} ${time}>`,
    `  <testsuite name="${name}" ${counts} ${time} timestamp="${isoTime(createdAt)}">`,
    "    <properties>",
    `      <property name="session_id" value="${attribute(sessionId)}"/>`,
    `      <property name="outcome" value="${attribute(state.outcome ?? "open")}"/>`,
    "    </properties>",
    ...tasks.map((task) => testCase(task, name)),
    ...(error === null ? [] : [`    <system-err>${text(error)}</system-err>`]),
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

function testCase(task: TaskState, suite: string): string {
  const { output } = task.record;
  const parts = [
    ...verdict(task),
    ...(output?.preview ? [`<system-out>${text(output.preview)}</system-out>`] : []),
  ];
  const head = `    <testcase name="${attribute(task.taskId)}" classname="${suite}" time="${seconds(task.durationMs)}"`;
  return parts.length === 0 ? `${head}/>` : `${head}>\n      ${parts.join("\n      ")}\n    </testcase>`;
}

function verdict({ outcome, error, attempt }: TaskState): readonly string[] {
  const why = error ?? `It ended as ${outcome ?? "nothing yet"} after ${count(attempt, "attempt")}.`;
  const said = `message="${attribute(why)}" type="${outcome ?? "open"}"`;
  if (outcome === "success") return [];
  if (outcome === "cancelled") return [`<skipped message="${attribute(why)}"/>`];
  const element = outcome === "failed" ? "failure" : "error";
  return [`<${element} ${said}>${text(why)}</${element}>`];
}

function seconds(ms: number | null): string {
  return ((ms ?? 0) / 1_000).toFixed(3);
}

/** What XML 1.0 has no place for, escaped or not, is shown as a replacement character. */
// oxlint-disable-next-line no-control-regex -- these are the very characters that are looked for
const NO_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

function text(value: string): string {
  return value
    .toWellFormed()
    .replaceAll(NO_XML, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}

function attribute(value: string): string {
  return text(value)
    .replaceAll('"', "&quot;")
    .replaceAll("\t", "&#9;")
    .replaceAll("\n", "&#10;")
    .replaceAll("\r", "&#13;");
}
