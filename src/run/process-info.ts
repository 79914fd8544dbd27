// What is known of a living process.

export interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  /** The session (setsid); the group where the machine does not tell. */
  readonly session: number;
  /** Linux: clock ticks since boot. Elsewhere: milliseconds since the epoch, whole seconds. */
  readonly startTime: number;
}
