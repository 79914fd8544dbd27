import { expect, test } from "vitest";
import { frame } from "./frame.ts";
import { widthOf } from "./printable.ts";
import type { TaskView, ViewState } from "./view-state.ts";

const START = 1_000_000;
const NOW = START + 12_000;

function task(taskId: string, changes: Partial<TaskView> = {}): TaskView {
  return {
    taskId,
    agentId: "",
    state: "waiting",
    startedAt: null,
    durationMs: null,
    attempt: 0,
    attemptsMax: 1,
    retryAt: null,
    last: "",
    ...changes,
  };
}

function running(taskId: string, changes: Partial<TaskView> = {}): TaskView {
  return task(taskId, {
    agentId: "counter",
    state: "running",
    startedAt: NOW - 3_200,
    attempt: 1,
    ...changes,
  });
}

function view(tasks: readonly TaskView[], changes: Partial<ViewState> = {}): ViewState {
  return {
    sessionName: "repo-audit",
    sessionId: "sess_1",
    status: "open",
    startedAt: START,
    durationMs: null,
    limitMs: 3_600_000,
    concurrency: 2,
    tasks,
    hints: { resume: "holodeck resume sess_1", show: "holodeck session show sess_1" },
    ...changes,
  };
}

function draw(state: ViewState, columns = 80, rows = 24): readonly string[] {
  return frame(state, { columns, rows, now: NOW, color: false });
}

const TASKS = [
  task("lines", { agentId: "counter", state: "success", durationMs: 400, attempt: 1, last: "4211 total" }),
  running("todo", { attempt: 2, attemptsMax: 3, last: "src/a.ts: TODO" }),
  task("flaky", {
    agentId: "oracle1",
    state: "retrying",
    attempt: 1,
    attemptsMax: 2,
    retryAt: NOW + 1_500,
    last: "no",
  }),
  task("report"),
];

test("a running plan is shown with its limits, a row a task, and how to stop and resume it", () => {
  expect(draw(view(TASKS))).toEqual([
    "repo-audit  sess_1",
    "running  12s of 1h 00m  1 of 4 tasks  1 at once, at most 2",
    "",
    "✔ lines   counter  success       0.4s       4211 total",
    "● todo    counter  running       3.2s  2/3  src/a.ts: TODO",
    "↻ flaky   oracle1  retrying   in 1.5s  1/2  no",
    "○ report           waiting",
    "",
    "Ctrl-C stops it; holodeck resume sess_1 goes on.",
  ]);
});

test("a session that has ended is shown with its outcome, its duration and where to look again", () => {
  const lines = draw(view(TASKS.slice(0, 1), { status: "failed", durationMs: 65_000 }));
  expect(lines).toEqual([
    "repo-audit  sess_1",
    "failed  1m 05s  1 of 1 task",
    "",
    "✔ lines  counter  success       0.4s  4211 total",
    "",
    "holodeck session show sess_1 shows it again.",
  ]);
});

test("with more tasks than rows those that run come first, and the rest is counted", () => {
  const waiting = Array.from({ length: 30 }, (_, at) => task(`w${at}`));
  const done = [1, 2, 3, 4].map((at) => task(`d${at}`, { state: "success", durationMs: 100 }));
  const lines = draw(view([...done, ...waiting, running("now")]), 80, 12);
  expect(lines).toHaveLength(11);
  expect(lines.slice(3, 9)).toEqual([
    "● now  counter  running       3.2s",
    "○ w0            waiting",
    "○ w1            waiting",
    "○ w2            waiting",
    "○ w3            waiting",
    "… 30 more: 26 waiting, 4 success",
  ]);
});

test("a narrow terminal loses columns, never the edge", () => {
  expect(draw(view(TASKS), 30, 24)).toEqual([
    "repo-audit  sess_1",
    "running  12s of 1h 00m  1 of …",
    "",
    "✔ lines   success       0.4s",
    "● todo    running       3.2s",
    "↻ flaky   retrying   in 1.5s",
    "○ report  waiting",
    "",
    "Ctrl-C stops it; holodeck",
    "resume sess_1 goes on.",
  ]);
});

test("no size of terminal makes a frame wider or higher than it", () => {
  const tasks = [
    ...TASKS,
    running("日本語日本語日本語日本語", { last: "👩‍👩‍👧 漢字 é́́ 🇯🇵🇯🇵 \u200Bx".repeat(20) }),
  ];
  for (let columns = 1; columns <= 120; columns += 1) {
    for (const rows of [1, 2, 3, 4, 5, 8, 24]) {
      const lines = draw(view(tasks), columns, rows);
      expect(lines.length, `${columns}×${rows}`).toBeLessThanOrEqual(Math.max(1, rows - 1));
      for (const line of lines)
        expect(widthOf(line), `${columns}×${rows}: ${line}`).toBeLessThanOrEqual(columns);
    }
  }
});

test("what a task writes can neither move the cursor nor set a colour, a title or the direction", () => {
  const attack = "\u001B[2J\u001B[1;1H\u001B]0;owned\u0007\u009B31mred\u202Eesrever\r\nnext\u0000\u001B";
  const names = { sessionName: `na\u001B[5Ame\u0007` };
  const [title, , , row] = draw(
    view([running(`i\u001B[Ad`, { agentId: `a\u001B[Bg`, last: attack })], names),
  );
  expect(title).toBe("name  sess_1");
  expect(row).toBe("● id  ag  running       3.2s  redesrever next");
});

test("colour adds colours alone", () => {
  const colored = frame(view(TASKS), { columns: 80, rows: 24, now: NOW, color: true });
  // eslint-disable-next-line no-control-regex -- the sequences themselves are what is looked for
  expect(colored.map((line) => line.replaceAll(/\u001B\[\d+m/g, "").trimEnd())).toEqual(draw(view(TASKS)));
  expect(colored.join("")).toContain("\u001B[32m");
});
