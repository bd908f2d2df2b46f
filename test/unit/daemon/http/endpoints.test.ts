import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Answer, serve, type Served } from "./ask.ts";
import { secretFault } from "./fake-runtime.ts";

let served: Served;
beforeEach(async () => {
  served = await serve();
});
afterEach(() => served[Symbol.asyncDispose]());

function parsed({ body }: Answer): unknown {
  return JSON.parse(body);
}

describe("probes", () => {
  test("GET /healthz answers whatever the runtime does", async () => {
    served.runtime.fault = secretFault("STATE_UNAVAILABLE");
    expect(await served.ask("/healthz")).toMatchObject({ status: 200, body: '{"status":"live"}\n' });
  });

  test("GET /readyz tells a runtime that takes no work, with when to ask again", async () => {
    expect((await served.ask("/readyz")).status).toBe(200);
    served.runtime.ready = false;
    const answer = await served.ask("/readyz");
    expect(answer).toMatchObject({ status: 503, headers: { "retry-after": "5" } });
    expect(parsed(answer)).toMatchObject({ code: "CLOSED", status: 503, title: "Service Unavailable" });
    served.runtime.fault = secretFault("STATE_UNAVAILABLE");
    expect(parsed(await served.ask("/readyz"))).toMatchObject({ code: "STATE_UNAVAILABLE", status: 503 });
  });

  test("GET /metrics is the runtime's registry", async () => {
    const { headers, body } = await served.ask("/metrics");
    expect(headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(body).toContain("\nmillrace_run_in_progress 1\n");
  });

  test("GET / lists every address", async () => {
    const { headers, body } = await served.ask("/");
    expect(headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(body).toContain("POST /api/jobs/:job/rejects/replay");
    expect(body).toContain('<a href="/metrics">');
  });
});

describe("lists", () => {
  test("GET /api/jobs goes through all jobs by name, page after page", async () => {
    const jobs = await pages<{ job: string }>("/api/jobs?limit=2");
    expect(jobs.map((page) => page.map(({ job }) => job))).toEqual([["invoices", "orders"], ["users"]]);
    expect(await served.ask("/api/jobs")).toMatchObject({ body: expect.stringContaining('"next":null') });
  });

  test("GET /api/runs goes through runs from the newest, of one job where it is asked so", async () => {
    for (const id of ["01A", "01B", "01C", "01D", "01E"]) {
      await served.runtime.addRun(id, { job: id === "01C" ? "users" : "orders" });
    }
    const runs = await pages<{ run: string }>("/api/runs?limit=2");
    expect(runs.map((page) => page.map(({ run }) => run))).toEqual([["01E", "01D"], ["01C", "01B"], ["01A"]]);
    const orders = await pages<{ run: string }>("/api/runs?job=orders&limit=2");
    expect(orders.flat().map(({ run }) => run)).toEqual(["01E", "01D", "01B", "01A"]);
    expect(orders).toHaveLength(2);
  });

  test("GET /api/runs/:id/rejects goes through a run's rejects, ordinals as numbers, records as they are", async () => {
    await served.runtime.addRun("01A");
    await served.runtime.addRun("01B");
    await served.runtime.addRejects("01A", 130, "password=not-a-secret");
    await served.runtime.addRejects("01B", 1);
    const rejects = (await pages<RejectJson>("/api/runs/01A/rejects?limit=60")).map((page) => page.length);
    expect(rejects).toEqual([60, 60, 10]);
    const { items } = parsed(await served.ask("/api/runs/01A/rejects?limit=1")) as { items: RejectJson[] };
    expect(items[0]).toMatchObject({ id: "1", position: { ordinal: 1, token: "29" }, raw: "password=not-a-secret" });
  });

  test("a page of rejects ends early where its records are large, and goes on behind", async () => {
    await served.runtime.addRun("01A");
    await served.runtime.addRejects("01A", 7, "x".repeat(1_500_000));
    const found = await pages<RejectJson>("/api/runs/01A/rejects");
    expect(found.map((page) => page.length)).toEqual([3, 3, 1]);
    expect(found.flat().map(({ id }) => id)).toEqual(["1", "2", "3", "4", "5", "6", "7"]);
  });

  test.each([
    ["/api/runs?after=%FF", "after: not the `next`"],
    ["/api/runs?after=cnVucyAwMUdPTkU", "what it named is gone"],
    ["/api/runs?after=am9icyBvcmRlcnM", "after: not the `next`"],
    ["/api/jobs?limit=0", "limit: expected a whole number from 1 to 1000"],
    ["/api/jobs?limit=1001", "limit: expected"],
    ["/api/jobs?limit=ten", "limit: expected"],
    ["/api/jobs?limit=1&limit=2", "limit: given twice"],
    ["/api/runs?jobs=orders", "did you mean job; known here: job, limit, after"],
    ["/api/runs?job=%00", "job: holds a control character"],
    ["/api/%zz", "the path holds a %"],
  ])("%s is refused and told why", async (path, why) => {
    const answer = await served.ask(path);
    expect(answer.status).toBe(400);
    expect(parsed(answer)).toMatchObject({ code: "USAGE", detail: expect.stringContaining(why) });
  });

  interface RejectJson {
    readonly id: string;
  }

  async function pages<T>(path: string): Promise<readonly T[][]> {
    const found: T[][] = [];
    for (let after = ""; ; ) {
      const answer = await served.ask(`${path}${after}`);
      expect(answer.status).toBe(200);
      const { items, next } = parsed(answer) as { items: T[]; next: string | null };
      found.push(items);
      if (next === null) return found;
      after = `${path.includes("?") ? "&" : "?"}after=${encodeURIComponent(next)}`;
    }
  }
});

describe("actions", () => {
  test("POST /api/jobs/:job/run begins a run and says where it is", async () => {
    const answer = await served.post("/api/jobs/orders/run", { params: { day: "1" }, slot: "2026-11-22T02:00:00Z" });
    expect(answer).toMatchObject({
      status: 202,
      headers: { location: "/api/runs/01KAMR5K00QJ4T8N3W6Y2Z9XBD" },
      body: '{"run":"01KAMR5K00QJ4T8N3W6Y2Z9XBD"}\n',
    });
    await served.ask("/api/jobs/orders/run", { method: "POST", headers: { "content-type": "application/json" } });
    expect(served.runtime.asked).toEqual([
      'trigger orders {"params":{"day":"1"},"slot":"2026-11-22T02:00:00Z"}',
      "trigger orders {}",
    ]);
  });

  test("POST pause, resume and replay hand on what they are told", async () => {
    expect(parsed(await served.post("/api/jobs/orders/pause", { reason: "mending" }))).toMatchObject({ job: "orders" });
    expect((await served.post("/api/jobs/orders/resume")).status).toBe(200);
    expect((await served.post("/api/jobs/orders/rejects/replay", { run: "01A", stage: "write" })).status).toBe(202);
    expect(parsed(await served.post("/api/jobs/orders/rejects/replay", { run: "01NONE" }))).toEqual({ run: null });
    expect(served.runtime.asked).toEqual([
      'pause orders {"reason":"mending"}',
      "resume orders {}",
      'replay orders {"run":"01A","stage":"write"}',
      'replay orders {"run":"01NONE"}',
    ]);
  });

  test("POST /api/runs/:id/cancel ends what is under way, and says what is not", async () => {
    await served.runtime.addRun("01A", { state: "running", endedAt: null });
    await served.runtime.addRun("01B");
    expect((await served.post("/api/runs/01A/cancel")).status).toBe(202);
    expect(parsed(await served.post("/api/runs/01B/cancel"))).toMatchObject({ status: 409, code: "USAGE" });
    expect(parsed(await served.post("/api/runs/01C/cancel"))).toMatchObject({ status: 404, code: "RUN_NOT_FOUND" });
  });

  test.each([
    [{ params: { day: 1 } }, "body.params.day: "],
    [{ slt: "x" }, "slt"],
    [{ slot: "../2026" }, "body.slot: expected a date and time as ISO 8601 has them, 2026-11-22T02:00:00Z"],
    [[], "body: "],
  ])("POST run with %j is refused and told why", async (body, why) => {
    const answer = await served.post("/api/jobs/orders/run", body);
    expect(answer.status).toBe(400);
    expect(parsed(answer)).toMatchObject({ detail: expect.stringContaining(why) });
  });
});

test("unknown jobs, runs and addresses are 404 with a code that says which", async () => {
  const codes = await Promise.all(
    ["/api/jobs/nope", "/api/runs/nope", "/api/runs/%00/rejects", "/api/events?job=nope", "/api/", "/nope"].map(
      async (path) => parsed(await served.ask(path)),
    ),
  );
  expect(codes.map((problem) => (problem as { code: string }).code)).toEqual([
    "JOB_UNKNOWN",
    "RUN_NOT_FOUND",
    "RUN_NOT_FOUND",
    "JOB_UNKNOWN",
    "USAGE",
    "USAGE",
  ]);
  await served.runtime.addRun("01A", { job: "gone" });
  expect(parsed(await served.ask("/api/runs/01A/rejects"))).toMatchObject({ status: 404, code: "JOB_UNKNOWN" });
});

test("HEAD is GET without its body, and OPTIONS and 405 say what is allowed", async () => {
  const { headers } = await served.ask("/api/jobs");
  const head = await served.ask("/api/jobs", { method: "HEAD" });
  expect(head).toMatchObject({ status: 200, body: "", headers: { "content-length": headers["content-length"] } });
  const allow = "GET, HEAD, OPTIONS";
  expect(await served.ask("/api/jobs", { method: "OPTIONS" })).toMatchObject({ status: 204, headers: { allow } });
  expect(await served.ask("/api/jobs", { method: "DELETE" })).toMatchObject({ status: 405, headers: { allow } });
  const run = await served.ask("/api/jobs/orders/run");
  expect(run).toMatchObject({ status: 405, headers: { allow: "POST, OPTIONS" } });
  expect((await served.raw("OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")).slice(0, 12)).toBe(
    "HTTP/1.1 204",
  );
});

test("a route that another room adds is served until it is taken away, and none is added twice", async () => {
  const route = { method: "POST", path: "/hooks/:name", access: "open" } as const;
  const handle = async (request: { readBody(max: number): Promise<Buffer> }) => ({
    status: 202,
    body: (await request.readBody(100)).toString(),
  });
  const added = served.server.routes.add({ ...route, handle });
  expect(await served.ask("/hooks/a", { method: "POST", body: "1,2" })).toMatchObject({ status: 202, body: "1,2" });
  expect(() => served.server.routes.add({ ...route, path: "/hooks/b", handle })).toThrow(
    "/hooks/:name is there already",
  );
  added[Symbol.dispose]();
  expect((await served.ask("/hooks/a", { method: "POST", body: "1,2" })).status).toBe(404);
});

test("a fault is a problem without its secrets and without a stack, and is reported", async () => {
  served.runtime.fault = secretFault("SINK_FAILED");
  const known = await served.ask("/api/runs");
  expect(parsed(known)).toMatchObject({
    status: 500,
    code: "SINK_FAILED",
    detail: expect.stringContaining("went away"),
  });
  served.runtime.fault = new TypeError("hunter2 at secret.ts:1");
  const unknown = await served.ask("/api/runs");
  expect(parsed(unknown)).toMatchObject({ status: 500, code: "INVARIANT" });
  expect(known.body + unknown.body).not.toMatch(/hunter2|secret\.ts|stack/);
  expect(served.faults).toEqual([expect.objectContaining({ code: "SINK_FAILED" }), served.runtime.fault]);
  served.runtime.fault = null;
  const { body } = await served.ask("/api/jobs");
  expect(body).toContain("postgres://etl:***@db/orders");
});
