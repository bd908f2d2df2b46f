/** All addresses of CONTRACT "HTTP of the daemon". */
import type { Clock } from "../../../core/clock.ts";
import type { HttpRoute } from "../../../core/ports/http-routes.ts";
import type { Runtime } from "../../runtime-api.ts";
import type { HttpLimits } from "../../../server/limits.ts";
import { eventRoutes } from "./events.ts";
import { homeRoute } from "./home.ts";
import { jobRoutes } from "./jobs.ts";
import { probeRoutes } from "./probes.ts";
import { rejectRoutes } from "./rejects.ts";
import { runRoutes } from "./runs.ts";

/** What the routes need beside the runtime. */
export interface RouteContext {
  readonly clock: Clock;
  readonly limits: HttpLimits;
}

/** The routes over a runtime, in the order in which people read them. */
export function adminRoutes(runtime: Runtime, context: RouteContext): readonly HttpRoute[] {
  const routes = [
    ...probeRoutes(runtime),
    ...jobRoutes(runtime, context),
    ...runRoutes(runtime, context),
    ...rejectRoutes(runtime, context),
    ...eventRoutes(runtime, context),
  ];
  return [homeRoute(routes), ...routes];
}
