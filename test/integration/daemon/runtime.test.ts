/** The runtime as a program embeds it: real threads, files, an HTTP server of somebody else. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { createRuntime, defineJob } from "../../../src/index.ts";
import { Project } from "../../support/project.ts";

/** Takes what is posted to it. */
async function inbox(): Promise<AsyncDisposable & { readonly url: string; next(): Promise<Record<string, unknown>> }> {
  const posts: string[] = [];
  const waiting: ((text: string) => void)[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (piece: string) => (text += piece));
    request.on("end", () => {
      response.end();
      const taker = waiting.shift();
      if (taker === undefined) posts.push(text);
      else taker(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const next = (): Promise<string> => {
    const text = posts.shift();
    return text === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(text);
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    next: async () => JSON.parse(await next()) as Record<string, unknown>,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test("a job that fails is told to its webhook, and told to be well again", async () => {
  using project = new Project();
  await using hook = await inbox();
  project.write("in.csv", "id\n1\nx\n");
  const job = defineJob(
    {
      name: "orders",
      source: { type: "file", path: "in.csv" },
      columns: { id: "int" },
      sink: { type: "file", path: "out.jsonl" },
      errors: { maxRejects: 0 },
      trigger: { type: "manual" },
      alerts: { failed: true, webhook: hook.url },
    },
    { baseDir: project.folder },
  );
  await using runtime = await createRuntime({ jobs: [job], state: "memory:" });
  await runtime.start();
  const failed = await runtime.trigger("orders");
  expect(await failed.ended).toMatchObject({ state: "rejected" });
  expect(await hook.next()).toMatchObject({ status: "firing", alerts: [{ labels: { job: "orders" } }] });
  expect(await runtime.status("orders")).toMatchObject({ state: "failed", last: { run: failed.id } });
  project.write("in.csv", "id\n1\n");
  const again = await runtime.trigger("orders", { params: { again: "yes" } });
  expect(await again.ended).toMatchObject({ state: "succeeded", read: 1 });
  expect(await hook.next()).toMatchObject({ status: "resolved" });
  const metrics = await runtime.registry.metrics();
  expect(metrics).toMatch(/^millrace_alert_firing\{job="orders",alert="\w+"\} 0$/m);
  expect(metrics).toMatch(/^millrace_runs_total\{job="orders",outcome="succeeded"\} 1$/m);
}, 30_000);

test("events tell of a run from its start to its end, and a pause holds a schedule", async () => {
  using project = new Project();
  project.write("in.csv", "id\n1\n2\n");
  const job = defineJob(
    {
      name: "ticks",
      source: { type: "file", path: "in.csv" },
      sink: { type: "file", path: "out-${slot.time}.jsonl" },
      trigger: { type: "interval", every: "1s", catchUp: "all", overlap: "bufferAll" },
    },
    { baseDir: project.folder },
  );
  await using runtime = await createRuntime({ jobs: [job], state: "memory:" });
  const events = runtime.events();
  await runtime.start();
  const kinds: string[] = [];
  for await (const event of events) {
    kinds.push(event.kind === "slot" ? `slot ${event.state}` : event.kind);
    if (event.kind === "slot" && event.state === "succeeded") break;
  }
  const inOrder = ["slot due", "slot started", "run-started", "unit-committed", "run-ended", "slot succeeded"];
  expect(kinds.filter((kind) => inOrder.includes(kind)).slice(-inOrder.length)).toEqual(inOrder);
  await runtime.pause("ticks", "for the test");
  expect(await runtime.status("ticks")).toMatchObject({ paused: "for the test", next: null });
  await runtime.resume("ticks");
  expect((await runtime.status("ticks"))?.next).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  expect(await runtime.drain(10_000)).toBe(true);
  const slots = await runtime.state.listSlots({ job: "ticks", states: ["started"], limit: 10 });
  expect(slots).toEqual([]);
}, 30_000);
