import { afterEach, beforeEach } from "vitest";
import { ServedWorld } from "./served-world.ts";
import { sessionBehaviours } from "./session-behaviours.ts";
import { trustBehaviours } from "./trust-behaviours.ts";

let world: ServedWorld;
beforeEach(async () => void (world = await new ServedWorld().start()));
afterEach(async () => await world.close());

sessionBehaviours("a session of a server, through the client", (config) => world.behaving(config));
trustBehaviours("the trust of a server, through the client", (config) => world.trusting(config));
