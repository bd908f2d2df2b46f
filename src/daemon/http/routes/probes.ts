/** What watches over the process asks for: whether it lives, whether it takes work, its metrics. */
import type { HttpRoute } from "../../../core/ports/http-routes.ts";
import type { Runtime } from "../../runtime-api.ts";
import { problem } from "../../../server/problem.ts";
import { json } from "../reply.ts";

/** `/healthz`, `/readyz`, `/metrics`. */
export function probeRoutes(runtime: Runtime): readonly HttpRoute[] {
  return [
    { method: "GET", path: "/healthz", access: "open", handle: () => json({ status: "live" }) },
    {
      method: "GET",
      path: "/readyz",
      access: "open",
      handle: async () =>
        (await runtime.isReady())
          ? json({ status: "ready" })
          : problem(
              503,
              "CLOSED",
              "no new work is taken on now: starting, draining, or the state store does not answer",
            ),
    },
    {
      method: "GET",
      path: "/metrics",
      access: "token",
      handle: async () => ({
        status: 200,
        headers: { "content-type": runtime.registry.contentType },
        body: await runtime.registry.metrics(),
      }),
    },
  ];
}
