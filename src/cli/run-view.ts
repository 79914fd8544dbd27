// temporary
import type { Clock } from "../event/clock.ts";
import type { Plan } from "../run/plan.ts";
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
    if (!isQuiet) io.err.write(`${e.type} ${JSON.stringify(e.data).slice(0, 100)}\n`);
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
