// Which partition of the log a stream belongs to, for ever: a store's partitions are fixed when it is created.
import { crc32 } from "node:zlib";
import type { StreamId } from "../event/event.ts";

export function partitionOf(stream: StreamId, partitions: number): number {
  return crc32(stream) % partitions;
}
