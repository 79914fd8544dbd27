// Search among tiles: the store finds the events that hold the words; here those that hold them where people read
// are kept, and those that hold them in the question come first.
import type { StoredEvent } from "../event/log.ts";
import { wordsOf } from "../event/words.ts";
import type { Store } from "../store/port.ts";
import { tileOf, type Tile } from "../tile/tile.ts";
import { byTimeDown } from "./recent-tiles.ts";

export interface TileSearch {
  readonly text: string;
  /** Null for all. */
  readonly rooms: readonly string[] | null;
  readonly limit: number;
}

const PAGE = 200;

/** Among so many of the newest hits, of one room or of all, the best are chosen. */
const HITS_MAX = 1_000;

/** Hits in other rooms that hold the words of the room's name are passed over, up to so many pages. */
const PAGES_MAX = 50;

interface Hit {
  readonly stored: StoredEvent;
  /** How many of the words stand in the question. */
  readonly score: number;
}

/** Best first: more of the words in the question, then newer. Throws `invalid_argument` for too many words. */
export async function searchTiles(
  store: Store,
  { text, rooms, limit }: TileSearch,
): Promise<readonly StoredEvent[]> {
  const hits: Hit[] = [];
  // Each room for itself: what others hold takes no place. Without a room the words alone are judged.
  if (rooms?.length === 0) await store.search({ text, page: { limit: 1 } });
  for (const room of rooms === null ? [null] : new Set(rooms))
    hits.push(...(await hitsIn(store, text, room)));
  return hits
    .sort((a, b) => b.score - a.score || byTimeDown(a.stored, b.stored))
    .slice(0, limit)
    .map(({ stored }) => stored);
}

async function hitsIn(store: Store, text: string, room: string | null): Promise<readonly Hit[]> {
  const words = wordsOf(text);
  const hits: Hit[] = [];
  // An event holds the words of its room too: asking for them narrows the search to it.
  const asked = room === null ? text : `${text} ${room}`;
  let seen = 0;
  let after: string | null = "";
  for (let page = 0; page < PAGES_MAX && seen < HITS_MAX && after !== null; page++) {
    const request: { limit: number; after?: string } = { limit: PAGE, ...(after !== "" && { after }) };
    const { items, next } = await store.search({ text: asked, page: request });
    for (const stored of items) {
      if (room !== null && stored.event.room !== room) continue;
      seen++;
      const tile = tileOf(stored.event);
      const score = tile === null ? null : scoreOf(tile, words);
      if (score !== null) hits.push({ stored, score });
    }
    after = next;
  }
  return hits;
}

/** Null when a word stands in none of the tile's texts: then it was found by a field's name or the like. */
function scoreOf({ domain, question, answer, tags, source }: Tile, words: readonly string[]): number | null {
  const inQuestion = new Set(wordsOf(question));
  const answerText = typeof answer === "string" ? answer : JSON.stringify(answer);
  const elsewhere = new Set(wordsOf([domain, answerText, source, ...tags].join(" ")));
  if (!words.every((word) => inQuestion.has(word) || elsewhere.has(word))) return null;
  return words.filter((word) => inQuestion.has(word)).length;
}
