// What `doctor` says of one thing it looked at.

/** What one look found. `todo` is there when something can be done. */
export interface Check {
  readonly name: string;
  readonly status: "ok" | "warn" | "fail";
  readonly what: string;
  readonly todo?: string;
}
