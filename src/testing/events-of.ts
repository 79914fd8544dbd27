// A session's events as a list.
import type { Event } from "../event/event.ts";
import type { SessionView } from "../session/session-view.ts";

export async function eventsOf(session: SessionView): Promise<readonly Event[]> {
  const events: Event[] = [];
  for await (const event of session.events()) events.push(event);
  return events;
}
