// Sends the tiles of a store's sessions to their PLATO servers.
import { Deliveries, type DeliveriesOptions } from "./deliveries.ts";
import type { TileSink } from "./sink.ts";
import { tileCarrier, TILES } from "./tile-errand.ts";

export interface OutboxOptions extends Omit<DeliveriesOptions, "errand" | "carrierFor"> {
  readonly sinkFor: (destination: string) => TileSink;
}

export class Outbox extends Deliveries {
  constructor({ sinkFor, ...options }: OutboxOptions) {
    super({ ...options, errand: TILES, carrierFor: (destination) => tileCarrier(sinkFor(destination)) });
  }
}
