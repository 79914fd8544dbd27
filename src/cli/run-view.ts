// Which view a run has: a picture on a terminal, lines elsewhere, nothing when it is to be quiet. On stderr: stdout is
// for data.
import { liveView, plainView, type RunView, type ViewParams } from "./live-view.ts";
import { hint } from "./hint.ts";
import { note, type Io } from "./io.ts";

export interface ShowParams extends Omit<ViewParams, "out" | "env" | "hints"> {
  readonly isQuiet: boolean;
  readonly io: Io;
}

export function showRun({ isQuiet, io, ...run }: ShowParams): RunView {
  const { err: out, env } = io;
  if (isQuiet) return QUIET;
  const { sessionId, sessionName } = run.session;
  const hints = { resume: hint(io, "resume", sessionId), show: hint(io, "session", "show", sessionId) };
  const canRepaint = out.isTTY === true && env["TERM"] !== "dumb";
  if (canRepaint) return liveView({ ...run, out, env, hints });
  note(io, `${sessionName} is session ${sessionId}; if it is stopped: ${hints.resume}`);
  return plainView({ ...run, out, env });
}

const QUIET: RunView = {
  output: () => undefined,
  close: async () => await Promise.resolve(),
};
