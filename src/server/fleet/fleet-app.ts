// `/v1/fleet` as an application, to be mounted there on whatever port: fleets read, changed and asked what would be.
import { Hono } from "hono";
import { baseRoutePath } from "hono/route";
import type { ServerEnv } from "../principal.ts";
import { noSuchEndpoint } from "../v1/no-such-endpoint.ts";
import { checkQuery } from "./fleet-body.ts";
import type { FleetParts } from "./fleet-parts.ts";
import { answerProblem } from "./fleet-problem.ts";
import { addAnalysis } from "./fleet-analysis.ts";
import { checkFleetRights } from "./fleet-rights.ts";
import { addFleetReading } from "./fleet-reading.ts";
import { addFleetWriting } from "./fleet-writing.ts";
import { addWhatIf } from "./what-if.ts";

export function fleetApp(parts: FleetParts): Hono<ServerEnv> {
  const app = new Hono<ServerEnv>();
  // Here, so that they hold on every port it is mounted at.
  app.use(checkFleetRights);
  app.use(checkQuery);
  addFleetReading(app, parts);
  addAnalysis(app, parts);
  addFleetWriting(app, parts);
  addWhatIf(app, parts);
  app.all("/*", (c) => {
    const path = c.req.path.slice(baseRoutePath(c).length) || "/";
    return noSuchEndpoint(app, c, { path, todo: "docs/fleet.md lists what there is." });
  });
  app.onError((error) => answerProblem(error, parts.report));
  return app;
}
