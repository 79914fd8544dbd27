// A trace's mark as the W3C writes it (Trace Context §3.2): `version-trace_id-parent_id-flags`, in lower-case hex.

const FORM = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[\x21-\x7e]{0,200})?$/;

/** Why a text is no traceparent, to be read after "it"; null when it is one. */
export function traceparentFault(text: string): string | null {
  const [, version, traceId = "", parentId = "", , more] = FORM.exec(text) ?? [];
  if (version === undefined) return "is not four fields of lower-case hex";
  if (version === "ff") return "has version ff, which is none";
  // Later versions may add fields; this one has four.
  if (version === "00" && more !== undefined) return "has more than four fields";
  if (/^0+$/.test(traceId)) return "has a trace id of zeros";
  if (/^0+$/.test(parentId)) return "has a parent id of zeros";
  return null;
}
