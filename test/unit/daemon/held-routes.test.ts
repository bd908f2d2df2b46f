import { expect, test } from "vitest";
import { defineJob } from "../../../src/config/define-job.ts";
import type { HttpReply, HttpRequest, HttpRoute } from "../../../src/core/ports/http-routes.ts";
import { HeldRoutes } from "../../../src/daemon/held-routes.ts";
import { Router } from "../../../src/server/router.ts";

const hook = (name: string, path: string, listen?: string) =>
  defineJob({
    name,
    source: { type: "webhook", path, ...(listen === undefined ? {} : { listen }) },
    sink: { type: "postgres", url: "postgres://localhost/x", table: "orders" },
  });
const routeOf = (path: string, access: HttpRoute["access"] = "open"): HttpRoute => ({
  ...{ method: "POST", path, access },
  handle: () => ({ status: 202 }),
});

/** Held routes over a router, and what it says of a path. */
function held() {
  const router = new Router([]);
  const routes = new HeldRoutes(router, false);
  const ask = async (path: string): Promise<string> => {
    const [found] = router.find(path.split("/").slice(1));
    const reply: HttpReply = (await found?.route.handle({} as HttpRequest)) ?? { status: 404 };
    return `${reply.status} ${found?.route.access ?? "-"} ${reply.headers?.["retry-after"] ?? "-"}`;
  };
  return { routes, ask };
}

test("A job's address asks senders to come back as long as the job does not run", async () => {
  const { routes, ask } = held();
  routes.hold([hook("a", "/hooks/a"), hook("b", "/hooks/b", "127.0.0.1:1")]);
  expect([await ask("/hooks/a"), await ask("/hooks/b")]).toEqual(["503 own 5", "404 - -"]);
  {
    using _running = routes.add(routeOf("/hooks/a"));
    expect(await ask("/hooks/a")).toBe("202 open -");
  }
  expect(await ask("/hooks/a")).toBe("503 own 5");
  routes.hold([]);
  expect(await ask("/hooks/a")).toBe("404 - -");
});

test("A job that was taken out keeps its address until its run has ended", async () => {
  const { routes, ask } = held();
  routes.hold([hook("a", "/hooks/a")]);
  const running = routes.add(routeOf("/hooks/a"));
  routes.hold([]);
  expect(await ask("/hooks/a")).toBe("202 open -");
  running[Symbol.dispose]();
  expect(await ask("/hooks/a")).toBe("404 - -");
});

test("A second run has to take another path", () => {
  const { routes } = held();
  routes.hold([hook("a", "/hooks/a")]);
  using _running = routes.add(routeOf("/hooks/a"));
  expect(() => routes.add(routeOf("/hooks/a"))).toThrow("source.path /hooks/a: another run answers there");
});
