// How long what sessions hold is kept.
import { invalid } from "./input.ts";

/** What goes, and when. What is left out stays; but blobs that no event names go a day after they were put. */
export interface Retain {
  /** Days from a session's end until its events go, and its blobs with them. */
  readonly eventsDays?: number;
  /** Days from a session's end until its blobs go; at most `eventsDays`. */
  readonly blobsDays?: number;
  /** Sessions that failed or ran out of time keep everything. Default false. */
  readonly keepFailed?: boolean;
}

const DAYS_MAX = 36_500;

/** Throws `invalid_argument` for what cannot be kept to. */
export function checkRetain(retain: Retain): Retain {
  for (const name of ["eventsDays", "blobsDays"] as const) {
    const days = retain[name];
    if (days !== undefined && !(days >= 0 && days <= DAYS_MAX)) {
      throw invalid(`retain.${name}`, days, `Pass a number of days from 0 to ${DAYS_MAX}, or leave it out.`);
    }
  }
  const { eventsDays, blobsDays } = retain;
  if (eventsDays !== undefined && blobsDays !== undefined && blobsDays > eventsDays) {
    throw invalid(
      "retain.blobsDays",
      blobsDays,
      "Blobs go with the events that name them: pass at most eventsDays.",
    );
  }
  return retain;
}
