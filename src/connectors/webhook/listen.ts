/** A server of the webhook's own. */
import type { Clock } from "../../core/clock.ts";
import { MillraceError } from "../../core/errors.ts";
import { isLoopback } from "../../core/loopback.ts";
import type { HttpRoute } from "../../core/ports/http-routes.ts";
import { type RouteServer, serveRoutes } from "../../server/server.ts";
import { SiteGate } from "../../server/site-gate.ts";
import { exposed, listenPlace, type WebhookSourceOptions } from "./options.ts";

/** Senders keep their connections. */
const CONNECTIONS = 1_024;
const NAMES = { host: "source.listen", port: "source.listen: port" };

/**
 * Serves a route at `source.listen`.
 *
 * @throws MillraceError USAGE where it cannot listen, or everybody could send
 */
export async function listenFor(
  listen: string,
  route: HttpRoute,
  { auth, clock }: { readonly auth: WebhookSourceOptions["auth"]; readonly clock: Clock },
): Promise<RouteServer> {
  const { host, port } = listenPlace(listen);
  const isOpen = auth === undefined;
  return await serveRoutes({
    ...{ host, port, names: NAMES, clock },
    routes: [route],
    gate: new SiteGate({ host, anyHost: !isLoopback(host), hint: "with source.auth any name is served" }),
    limits: { connections: CONNECTIONS },
    inspect: (address) => {
      // A name such as localhost may mean anything on a machine.
      if (isOpen && !isLoopback(address)) throw new MillraceError("USAGE", exposed(`source.listen ${listen}`));
    },
  });
}
