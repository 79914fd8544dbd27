// An event as live readers get it: its frame of bytes, made once for all of them, and the id to go on from.
// A frame is what https://html.spec.whatwg.org/multipage/server-sent-events.html says: fields on lines of their own.
import type { StoredEvent, TailPlace } from "../event/log.ts";
import { prunedBy } from "../event/pruned.ts";
import { partitionOf } from "../store/partition.ts";
import { liveId } from "./live-id.ts";

export class LiveEvent {
  readonly stored: StoredEvent;
  readonly partition: number;
  /** How far a follower has read who had this event last. */
  readonly place: TailPlace;
  #id: string | null = null;
  #frame: Buffer | null = null;

  constructor(stored: StoredEvent, partition: number, place: TailPlace) {
    this.stored = stored;
    this.partition = partition;
    this.place = place;
  }

  get id(): string {
    return (this.#id ??= liveId(this.place, this.partition, this.stored.hash));
  }

  get frame(): Buffer {
    return (this.#frame ??= Buffer.from(this.#text()));
  }

  #text(): string {
    const { stream, seq, at, type, room, data } = this.stored.event;
    const { hash } = this.stored;
    return `id: ${this.id}\n${frameText(type, { stream, seq, hash, at, type, room, data })}`;
  }
}

/** Events read after a place, in order. */
export function liveEvents(events: readonly StoredEvent[], after: TailPlace): readonly LiveEvent[] {
  const place = [...after];
  return events.map((stored) => {
    const partition = partitionOf(stored.event.stream, place.length);
    place[partition] = stored.position;
    return new LiveEvent(stored, partition, [...place]);
  });
}

/** Tells who was away that events are gone which they may not have had; empty for any other event. */
export function gapText({ event }: StoredEvent): string {
  const pruned = prunedBy(event);
  if (pruned === null) return "";
  return frameText("gap", { stream: event.stream, from: pruned.from, to: pruned.to, reason: "pruned" });
}

/**
 * `event:` and `data:`. JSON has no line breaks but between its tokens, and here none; a type is what someone once
 * appended, so what would end its line is taken out.
 */
export function frameText(type: string, data: object): string {
  return `event: ${type.replaceAll(/[\r\n\0]/g, " ")}\ndata: ${JSON.stringify(data)}\n\n`;
}
