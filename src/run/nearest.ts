// The name that was probably meant.

/** The one known key it is the beginning of, or the one that is at most a third of its letters away; letter case, dashes and underscores do not count. */
export function nearest(key: string, known: readonly string[]): string | null {
  const begun = known.filter((candidate) => bare(key).length > 2 && bare(candidate).startsWith(bare(key)));
  if (begun.length === 1) return begun[0] ?? null;
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(bare(key), bare(candidate)) }))
    .sort((a, b) => a.distance - b.distance);
  const [best] = ranked;
  return best !== undefined && best.distance <= Math.max(1, best.candidate.length / 3)
    ? best.candidate
    : null;
}

function bare(text: string): string {
  return text.toLowerCase().replaceAll(/[-_]/g, "").slice(0, 64);
}

/** Levenshtein's: how many letters must be put in, left out or changed. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, letter] of from.split("").entries()) {
    const next = [index + 1];
    for (let at = 0; at < to.length; at++) {
      const change = (row[at] ?? 0) + (letter === to[at] ? 0 : 1);
      next.push(Math.min(change, (next[at] ?? 0) + 1, (row[at + 1] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
