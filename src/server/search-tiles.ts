// Search among tiles: the store finds the events that hold the words; here those that hold them where people read
// are kept, and those that hold them in the question come first.
import type { StoredEvent } from "../event/log.ts";
import { wordsOf } from "../event/words.ts";
import type { Store } from "../store/port.ts";
import { tileOf, type Tile } from "../tile/tile.ts";

export interface TileSearch {
  readonly text: string;
  /** Null for all. */
  readonly room: string | null;
  readonly limit: number;
}

const PAGE = 200;

/** Among so many of the newest hits the best are chosen. */
const PAGES_MAX = 5;

interface Hit {
  readonly stored: StoredEvent;
  /** How many of the words stand in the question. */
  readonly score: number;
}

/** Best first: more of the words in the question, then newer. Throws `invalid_argument` for too many words. */
export async function searchTiles(
  store: Store,
  { text, room, limit }: TileSearch,
): Promise<readonly StoredEvent[]> {
  const words = wordsOf(text);
  const hits: Hit[] = [];
  // An event holds the words of its room too: asking for them narrows the search to it.
  const asked = room === null ? text : `${text} ${room}`;
  let after: string | null = "";
  for (let page = 0; page < PAGES_MAX && after !== null; page++) {
    const request: { limit: number; after?: string } = { limit: PAGE, ...(after !== "" && { after }) };
    const { items, next } = await store.search({ text: asked, page: request });
    for (const stored of items) {
      if (room !== null && stored.event.room !== room) continue;
      const tile = tileOf(stored.event);
      const score = tile === null ? null : scoreOf(tile, words);
      if (score !== null) hits.push({ stored, score });
    }
    after = next;
  }
  return hits
    .sort((a, b) => b.score - a.score)
    .slice(0, limit)
    .map(({ stored }) => stored);
}

/** Null when a word stands in none of the tile's texts: then it was found by a field's name or the like. */
function scoreOf({ domain, question, answer, tags, source }: Tile, words: readonly string[]): number | null {
  const inQuestion = new Set(wordsOf(question));
  const answerText = typeof answer === "string" ? answer : JSON.stringify(answer);
  const elsewhere = new Set(wordsOf([domain, answerText, source, ...tags].join(" ")));
  if (!words.every((word) => inQuestion.has(word) || elsewhere.has(word))) return null;
  return words.filter((word) => inQuestion.has(word)).length;
}
