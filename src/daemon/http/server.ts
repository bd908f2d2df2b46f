/** The HTTP server of a runtime. */
import type { Clock } from "../../core/clock.ts";
import { isLoopback } from "../../core/loopback.ts";
import { HTTP_LIMITS, type HttpLimits } from "../../server/limits.ts";
import { type RouteServer, serveRoutes } from "../../server/server.ts";
import type { Runtime } from "../runtime-api.ts";
import { addressOf, type AdminOptions, exposed } from "./admin-options.ts";
import { Guard } from "./guard.ts";
import { adminRoutes } from "./routes/admin-routes.ts";

/** What else a server is made of. */
export interface AdminServerOptions extends AdminOptions {
  readonly clock: Clock;
  /** Other bounds than {@link HTTP_LIMITS}. */
  readonly limits?: Partial<HttpLimits>;
  /** Told of faults of the server itself, which its clients only hear of as a 500. */
  readonly report?: (fault: unknown) => void;
}

const NAMES = { host: "admin.host", port: "admin.port" };

/**
 * Serves a runtime over HTTP, as CONTRACT "HTTP of the daemon".
 *
 * @throws MillraceError USAGE where it may not or cannot listen; the message says what to do
 * @example
 * await using server = await serveAdmin(runtime, { port: 9464, clock: runtime.clock });
 */
export async function serveAdmin(runtime: Runtime, options: AdminServerOptions): Promise<RouteServer> {
  const { clock, report = () => {} } = options;
  const { host, port, token } = addressOf(options);
  const limits = { ...HTTP_LIMITS, ...options.limits };
  return await serveRoutes({
    ...{ host, port, names: NAMES, clock, limits, report },
    routes: adminRoutes(runtime, { clock, limits }),
    gate: new Guard({ host, token }),
    // A name such as localhost may mean anything on a machine.
    inspect: (address) => {
      if (token === null && !isLoopback(address)) throw exposed(`${host} (${address})`);
    },
  });
}
