/** Webhooks over real sockets: on an address of their own, and on a daemon's. */
import { readdir } from "node:fs/promises";
import http from "node:http";
import { describe, expect, test } from "vitest";
import { createRuntime, defineJob, runJob, type RunSummary } from "../../../src/index.ts";
import type { JobConfig } from "../../../src/config/job-shape.ts";
import { freePort } from "../../support/free-port.ts";
import { Project } from "../../support/project.ts";
import { until } from "../../support/until.ts";

const JSON_LINES = { "content-type": "application/x-ndjson" };

/** @returns the status, with what it says */
async function post(url: string, body: string, headers: http.OutgoingHttpHeaders = {}): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const request = http.request(url, { method: "POST", agent: false, headers: { ...JSON_LINES, ...headers } });
  request.on("error", reject).on("response", (response) => {
    let text = "";
    response.setEncoding("utf8").on("data", (part: string) => (text += part));
    response.on("end", () => resolve(`${response.statusCode} ${text.trim()}`));
  });
  request.end(body);
  return await promise;
}

/** A job that takes requests and adds to files. */
function hookJob(
  project: Project,
  source: Omit<Extract<JobConfig["source"], { type: "webhook" }>, "type">,
  name = "hook",
) {
  return defineJob(
    {
      name,
      source: { type: "webhook", ...source },
      commit: { interval: "50ms" },
      sink: { type: "file", path: `${name}-{part}.jsonl`, mode: "append", rotate: { interval: "100ms" } },
      trigger: { type: "continuous" },
    },
    { baseDir: project.folder },
  );
}

describe("A webhook with an address of its own", () => {
  test("takes requests until it is stopped, one process after another, and each once", async () => {
    using project = new Project();
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/hooks/orders`;
    const job = hookJob(project, { path: "/hooks/orders", listen: `127.0.0.1:${port}`, maxBytes: 1_000 });
    const running = async (work: (stop: AbortController) => Promise<void>): Promise<RunSummary> => {
      const stop = new AbortController();
      const run = runJob(job, { state: `sqlite:${project.path("state.db")}`, signal: stop.signal });
      await until("it listens", () => post(url, "").catch(() => undefined));
      await work(stop);
      stop.abort();
      return run;
    };
    const first = await running(async () => {
      expect(await post(url, '{"id":1}\n{"id":2}\n', { "idempotency-key": "a" })).toBe('202 {"accepted":2}');
      expect(await post(url, '{"id":1}\n{"id":2}\n', { "idempotency-key": "a" })).toBe('202 {"accepted":2}');
      expect(await post(url, "1".repeat(1_001))).toMatch(/^413 /);
      expect(await post(url, "1", { origin: "https://elsewhere.example" })).toMatch(/^403 .*Origin/);
      expect(await post(url, "1", { host: "elsewhere.example" })).toMatch(/^403 .*with source.auth any name is served/);
      expect(await post(`${url}/more`, "1")).toMatch(/^404 .*there is nothing at this address"/);
    });
    expect(first).toMatchObject({ state: "interrupted", balanced: true });
    const second = await running(async () => {
      expect(await post(url, '{"id":1}\n{"id":2}\n', { "idempotency-key": "a" })).toBe('202 {"accepted":2}');
      expect(await post(url, "not json\n3\n")).toBe('202 {"accepted":2}');
      await until("all is written", async () => (await written(project)).length === 3 || undefined);
    });
    expect(second).toMatchObject({ state: "interrupted", rejected: 1, balanced: true });
    expect(await written(project)).toEqual(['{"id":1}', '{"id":2}', "3"]);
  }, 60_000);

  test("says what to do where nothing listens for it", async () => {
    using project = new Project();
    const run = runJob(hookJob(project, { path: "/hooks/orders" }), { state: "memory:" });
    await expect(run).rejects.toMatchObject({ code: "USAGE", message: expect.stringContaining("set source.listen") });
  });
});

/** The lines of all finished files, in order. */
async function written(project: Project): Promise<readonly string[]> {
  const files = (await readdir(project.folder)).filter((file) => file.startsWith("hook-")).toSorted();
  return files.flatMap((file) => project.read(file).split("\n").filter(Boolean));
}

describe("Webhooks in a daemon", () => {
  test("share its port, prove who sends by themselves, and ask senders to come back while they are paused", async () => {
    using project = new Project();
    const token = "correct-horse";
    const guarded = hookJob(project, { path: "/hooks/a", auth: { type: "bearer", token } }, "guarded");
    const open = hookJob(project, { path: "/hooks/b", format: "json" }, "open");
    await using runtime = await createRuntime({
      jobs: [guarded, open],
      state: "memory:",
      admin: { port: 0, token: "admin-token" },
    });
    await runtime.start();
    const authorization = `Bearer ${token}`;
    const again = { "idempotency-key": "2" };
    const [a, b] = ["a", "b"].map((name) => `${runtime.url}/hooks/${name}`) as [string, string];
    await until("it runs", async () => (await post(b, "[]")).startsWith("202") || undefined);
    const foreign = { host: "hooks.example.com", origin: "https://example.com" };
    await until(
      "it runs",
      async () => (await post(a, "1", { authorization, ...foreign })).startsWith("202") || undefined,
    );
    expect(await post(a, "2", { authorization: "Bearer admin-token" })).toMatch(/^401 /);
    expect(await post(b, '[{"id":1.50},\n2]')).toBe('202 {"accepted":2}');
    expect(await post(b, "1", foreign)).toMatch(/^403 /);
    const reaches = (job: string, count: number) =>
      until("all is written", async () => (await runtime.status(job))?.last?.written === count || undefined);
    await Promise.all([reaches("open", 2), reaches("guarded", 1)]);
    await runtime.pause("guarded");
    await until(
      "it is paused",
      async () => (await post(a, "2", { authorization, ...again })).startsWith("503") || undefined,
    );
    await runtime.resume("guarded");
    await until(
      "it runs again",
      async () => (await post(a, "2", { authorization, ...again })).startsWith("202") || undefined,
    );
    const guardedRuns = async () =>
      (await runtime.runs({ job: "guarded", limit: 10 })).reduce((sum, { written: count = 0 }) => sum + count, 0);
    await until("what was taken meanwhile is written too", async () => (await guardedRuns()) === 2 || undefined);
    await runtime.reload([open]);
    await until("it is gone", async () => (await post(a, "3", { authorization })).startsWith("401") || undefined);
    expect(await post(b, "[3]")).toBe('202 {"accepted":1}');
    await reaches("open", 3);
    expect(await runtime.drain(10_000)).toBe(true);
  }, 60_000);

  test("are refused where two have one path, where the daemon answers, and where everybody could send", async () => {
    using project = new Project();
    const create = (...jobs: readonly ReturnType<typeof hookJob>[]) => createRuntime({ jobs, state: "memory:" });
    const twins = ["one", "two"].map((name) => hookJob(project, { path: "/hooks/a" }, name));
    await expect(create(...twins)).rejects.toThrow("/hooks/a is job one's too; choose another one");
    await expect(create(hookJob(project, { path: "/api/jobs" }))).rejects.toThrow("/api/jobs is the daemon's own");
    expect(() => hookJob(project, { path: "/x", listen: ":8080" })).toThrow(
      /reaches beyond this machine.*source\.auth/,
    );
    const room = { path: "/x", maxBytes: "2MiB", spool: { bytes: "1MiB" } };
    expect(() => hookJob(project, room)).toThrow("less than maxBytes");
  });
});
