// Ctrl-Z and `fg`: who draws on a terminal gives it back before the shell has it, and begins anew when it has returned.

export interface JobControl {
  /** Called before this process stops. */
  readonly onStop: () => void;
  /** Called when it goes on, whatever had stopped it. */
  readonly onContinue: () => void;
}

/** Answers what ends it: from then on the system alone stops and continues this process. */
export function withJobControl({ onStop, onContinue }: JobControl): () => void {
  const stop = (): void => {
    onStop();
    // With a listener the system does not stop us by itself; this signal nobody can listen to.
    process.kill(process.pid, "SIGSTOP");
  };
  process.on("SIGTSTP", stop);
  process.on("SIGCONT", onContinue);
  return () => {
    process.off("SIGTSTP", stop);
    process.off("SIGCONT", onContinue);
  };
}
