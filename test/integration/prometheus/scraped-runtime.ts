/** A registry as a daemon has it, fed by a real run and by what a daemon tells around it, behind a real /metrics. */
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { defineJob, runJob } from "millrace";
import { Registry } from "prom-client";
import type { HostEvent } from "../../../src/core/ports/runtime-events.ts";
import { ALERT_NAMES } from "../../../src/daemon/alerts/alert.ts";
import { type RuntimeMetrics, runtimeMetrics } from "../../../src/observability/runtime-metrics.ts";

/** Of each run; every tenth is a reject. */
const RECORDS = 200;

const TRANSFORM = `export default (order, context) => {
  if (order.id.endsWith("0")) context.reject("a round number");
  return order;
};
`;

/** Disposing it closes the server and removes the job's folder. */
export class ScrapedRuntime implements Disposable {
  readonly registry = new Registry();
  readonly #folder = mkdtempSync(path.join(os.tmpdir(), "millrace-scraped-"));
  readonly #server: http.Server;
  readonly #metrics: RuntimeMetrics;

  private constructor(server: http.Server, metrics: RuntimeMetrics, registry: Registry) {
    this.#server = server;
    this.#metrics = metrics;
    this.registry = registry;
    server.on("request", (_, response) => void this.#answer(response));
  }

  static async start(): Promise<ScrapedRuntime> {
    const registry = new Registry();
    const soon = Date.now() + 3_600_000;
    const nextSlots = () => new Map([["orders", soon]]);
    const metrics = await runtimeMetrics(registry, { version: "1.0.0", nextSlots, pools: () => [] });
    metrics.know([{ job: "orders", alerts: ALERT_NAMES }]);
    const server = http.createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new ScrapedRuntime(server, metrics, registry);
  }

  /** Host and port of its /metrics. */
  get target(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** One real run, with the slot that it stands for. */
  async run(): Promise<void> {
    const ids = Array.from({ length: RECORDS }, (_, i) => i + 1);
    writeFileSync(path.join(this.#folder, "orders.csv"), `id\n${ids.join("\n")}\n`);
    writeFileSync(path.join(this.#folder, "orders.ts"), TRANSFORM);
    const job = defineJob(
      {
        name: "orders",
        source: { type: "file", path: "orders.csv" },
        transform: "./orders.ts",
        sink: { type: "file", path: "out.jsonl" },
        errors: { maxRejectRate: 0.5 },
        workers: 1,
      },
      { baseDir: this.#folder },
    );
    for (const state of ["due", "started"] as const) this.#metrics.observe(slot(state));
    await runJob(job, { state: { type: "memory" }, observers: [this.#metrics.observe] });
    this.#metrics.observe(slot("succeeded"));
  }

  /** What a short run into files does not meet: a lag, a sink that is away, an end that does not come. */
  tellOfTrouble(): void {
    const of = { at: Date.now(), job: "orders", run: "other" };
    const places = { source: "clicks", sinks: { sink: "shop" }, transform: null, totalBytes: null, resumed: null };
    const what = { splits: 1, threads: 1, trigger: "cron", slot: null };
    this.#metrics.observe({ ...of, kind: "run-started", ...places, ...what });
    this.#metrics.observe({ ...of, kind: "lagging", records: { "t-0": 5 } });
    const away = { attempt: 1, delayMs: 1, code: "SINK_UNAVAILABLE", reason: "57P01", message: "" } as const;
    this.#metrics.observe({ ...of, kind: "retrying", stage: "sink", sink: "shop", ...away });
  }

  [Symbol.dispose](): void {
    this.#server.closeAllConnections();
    this.#server.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #answer(response: http.ServerResponse): Promise<void> {
    response.setHeader("content-type", this.registry.contentType);
    response.end(await this.registry.metrics());
  }
}

function slot(state: "due" | "started" | "succeeded"): HostEvent {
  const what = { job: "orders", slot: "2026-11-22T02:00Z", state, trigger: "cron", reason: null, run: null };
  return { at: Date.now(), kind: "slot", ...what };
}
