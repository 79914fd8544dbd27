// The words an event is found by: the same on every store, so that search finds the same on every store.
// A word is a run of letters and digits, lower-cased (Unicode default case folding as far as toLowerCase goes),
// 1 to 64 characters; a longer run is cut to its first 64.
import type { Event, Hash } from "./event.ts";
import type { Json } from "./json.ts";

/** An event gives at most this many distinct words; further ones are not found by search. */
const WORDS_MAX = 4096;

/** The distinct words of a text, in order of first appearance. */
export function wordsOf(text: string): string[] {
  const words = new Set<string>();
  collect(text, words);
  return [...words];
}

/** The distinct words of an event: its type, room, stream and every string, number and key in its data. */
export function wordsOfEvent(event: Event): string[] {
  const words = new Set<string>();
  for (const text of [event.type, event.stream, event.room ?? ""]) collect(text, words);
  collectJson(event.data, words);
  return [...words];
}

/**
 * The word that only the event with this hash has: the sign before it is neither letter nor digit, so that no text
 * can hold it or ask for it. Stores keep it with the event's words to find an event by its hash.
 */
export function hashWord(hash: Hash): string {
  return `§${hash}`;
}

function collectJson(value: Json | undefined, words: Set<string>): void {
  if (words.size >= WORDS_MAX || value === null || value === undefined) return;
  if (typeof value === "object") {
    for (const [key, member] of Object.entries(value)) {
      if (!Array.isArray(value)) collect(key, words);
      collectJson(member, words);
    }
  } else collect(String(value), words);
}

function collect(text: string, words: Set<string>): void {
  for (const [word] of text.toLowerCase().matchAll(/[\p{L}\p{N}\p{M}]+/gu)) {
    if (words.size >= WORDS_MAX) return;
    words.add(word.slice(0, 64));
  }
}
