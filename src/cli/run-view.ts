// temporary
import type { Clock } from "../event/clock.ts";
import type { Plan } from "../run/plan-schema.ts";
import type { Session } from "../session/session.ts";
import type { Io } from "./io.ts";
export function showRun({
  session,
  isQuiet,
  io,
}: {
  session: Session;
  plan: Plan;
  clock: Clock;
  isQuiet: boolean;
  io: Io;
}) {
  const off = session.on("change", (e) => {
    if (!isQuiet)
      io.err.write(
        `${session.sessionId} ${(e.data as any).task_id} ${e.type === "task_ended" ? "ended as" : ""}\n`,
      );
  });
  return {
    output(taskId: string, text: string): void {
      if (!isQuiet) io.err.write(`  | ${taskId} ${text}`);
    },
    async close(): Promise<void> {
      off();
    },
  };
}
