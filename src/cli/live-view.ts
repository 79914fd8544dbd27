// The live view of a running plan: on a terminal one picture that changes in place, elsewhere a line an event.
import type { Clock } from "../event/clock.ts";
import type { Plan } from "../run/plan-schema.ts";
import type { Session } from "../session/session.ts";
import { palette, wantsColor } from "./ansi.ts";
import { frame } from "./frame.ts";
import type { Output } from "./io.ts";
import { withJobControl } from "./job-control.ts";
import { OutputLines } from "./output-lines.ts";
import { Painter } from "./painter.ts";
import { plainLine, type TimedEvent } from "./plain-line.ts";
import { printable } from "./printable.ts";
import { viewState, type ViewHints, type ViewState } from "./view-state.ts";

export interface ViewParams {
  readonly session: Session;
  readonly plan: Plan;
  readonly out: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Pick<Clock, "now">;
  readonly hints: ViewHints;
}

/** Is told a task's output, in pieces as they come; everything else it learns from the session. */
export interface RunView {
  output(taskId: string, text: string): void;
  /** Shows the end, and gives the terminal back. */
  close(): Promise<void>;
}

const TICK_MS = 250;

/** A picture that is drawn anew when something happens, at most every 250 ms, and stands when it is closed. */
export function liveView({ session, plan, out, env, clock, hints }: ViewParams): RunView {
  const outputs = new Map<string, OutputLines>();
  const painter = new Painter(out);
  const color = wantsColor(out, env);
  const lastLine = (taskId: string): string => outputs.get(taskId)?.last ?? "";
  const state = (): ViewState => viewState({ session, plan, hints, now: clock.now(), lastLine });
  const draw = (shown: ViewState, rows: number): readonly string[] =>
    frame(shown, { columns: out.columns ?? 80, rows, now: clock.now(), color });
  const paint = (): void => painter.paint(draw(untilTheEnd(state()), out.rows ?? 24));
  const endJobControl = withJobControl({
    onStop: () => painter.suspend(),
    onContinue: () => {
      painter.resume();
      paint();
    },
  });
  // Times run on by themselves; what happens shows with them.
  const timer = setInterval(paint, TICK_MS);
  out.on("resize", paint);
  paint();
  return {
    output: (taskId, text) => void linesOf(outputs, taskId).push(text),
    close: async () => {
      clearInterval(timer);
      out.off("resize", paint);
      endJobControl();
      // All tasks, however many: this picture stays, and scrolls.
      painter.close(draw(atTheEnd(state(), clock.now()), Number.POSITIVE_INFINITY));
      await Promise.resolve();
    },
  };
}

/** A session that has ended while its run goes on waits for processes to leave. */
function untilTheEnd(state: ViewState): ViewState {
  return state.status === "open" ? state : { ...state, status: "ending" };
}

/** A run that is over while its session is open was stopped: nobody retries anything. */
function atTheEnd(state: ViewState, now: number): ViewState {
  if (state.status !== "open") return state;
  const tasks = state.tasks.map((task) =>
    task.state === "retrying" ? { ...task, state: "waiting" as const, retryAt: null } : task,
  );
  return { ...state, tasks, status: "stopped", durationMs: now - state.startedAt };
}

/** A line for each event and each line of output. */
export function plainView({ session, out, env }: Pick<ViewParams, "session" | "out" | "env">): RunView {
  const outputs = new Map<string, OutputLines>();
  const colors = palette(wantsColor(out, env));
  let shownSeq = 0;
  const showLine = (taskId: string, line: string): void =>
    void out.write(`${colors.dim(`${printable(taskId)} |`)} ${printable(line)}\n`);
  const showRest = (taskId: string): void => {
    const rest = outputs.get(taskId)?.end() ?? null;
    if (rest !== null) showLine(taskId, rest);
  };
  const show = (event: TimedEvent & { readonly seq: number }): void => {
    if (event.seq <= shownSeq) return;
    shownSeq = event.seq;
    // What its work wrote stands before the word that it ended, a last line without an end too.
    if (event.type === "attempt_ended" || event.type === "task_ended") showRest(event.data.task_id);
    out.write(`${plainLine(event, colors)}\n`);
  };
  const stop = session.on("change", show);
  return {
    output: (taskId, text) => {
      for (const line of linesOf(outputs, taskId).push(text)) showLine(taskId, line);
    },
    close: async () => {
      stop();
      for (const taskId of outputs.keys()) showRest(taskId);
      // Listeners are told in their own time: what has not reached this one yet is read.
      if (shownSeq === 0) return;
      for await (const event of session.events({ afterSeq: shownSeq })) {
        show(event as unknown as Parameters<typeof show>[0]);
      }
    },
  };
}

function linesOf(outputs: Map<string, OutputLines>, taskId: string): OutputLines {
  let lines = outputs.get(taskId);
  if (lines === undefined) {
    lines = new OutputLines();
    outputs.set(taskId, lines);
  }
  return lines;
}
