/** A Prometheus that scrapes one address and answers queries. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { freePort } from "../free-port.ts";
import { until } from "../until.ts";

/** One series of an answer. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [at: number, value: string];
}

/** Killed, and its data removed, when disposed. */
export class PrometheusServer implements AsyncDisposable {
  readonly #url: string;
  readonly #folder: string;
  readonly #child: ChildProcess;

  private constructor(url: string, folder: string, child: ChildProcess) {
    this.#url = url;
    this.#folder = folder;
    this.#child = child;
  }

  /** @param prometheus the program; @param target host and port that are scraped, ten times a second */
  static async start(prometheus: string, target: string): Promise<PrometheusServer> {
    const folder = mkdtempSync(path.join(os.tmpdir(), "millrace-prometheus-"));
    const config = path.join(folder, "prometheus.yml");
    writeFileSync(config, configOf(target));
    const address = `127.0.0.1:${await freePort()}`;
    const places = [`--config.file=${config}`, `--storage.tsdb.path=${path.join(folder, "data")}`];
    const child = spawn(prometheus, [...places, `--web.listen-address=${address}`], { stdio: "ignore" });
    const server = new PrometheusServer(`http://${address}`, folder, child);
    await until("Prometheus is ready", () => server.#isReady());
    return server;
  }

  /** What an expression gives now. */
  async query(expression: string): Promise<readonly Series[]> {
    const response = await fetch(`${this.#url}/api/v1/query?${new URLSearchParams({ query: expression }).toString()}`);
    const { data, error } = (await response.json()) as { data?: { result: readonly Series[] }; error?: string };
    if (data === undefined) throw new TypeError(`${expression}: ${error}`);
    return data.result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.kill("SIGKILL")) await once(this.#child, "close");
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #isReady(): Promise<true | undefined> {
    const response = await fetch(`${this.#url}/-/ready`).catch(() => undefined);
    await response?.body?.cancel();
    return response?.ok === true || undefined;
  }
}

/** JSON is YAML. The job and its labels are as in deploy/prometheus/prometheus.yml. */
function configOf(target: string): string {
  const scrape = { job_name: "millrace", honor_labels: true, static_configs: [{ targets: [target] }] };
  return JSON.stringify({
    global: { scrape_interval: "100ms", scrape_timeout: "100ms" },
    scrape_configs: [scrape],
  });
}
