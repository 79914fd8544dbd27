// How the set-up speaks: to stderr, a sentence at a time, and by an error whose message is for people.

/** A failure that needs no stack: its message says what happened and what to do. */
export class SetupError extends Error {}

/** @param {string} sentence */
export function say(sentence) {
  process.stderr.write(`holodeck: ${sentence}\n`);
}

/** @param {string} why */
export function sayDetail(why) {
  process.stderr.write(`  ${why}\n`);
}
