/** What Prometheus itself says of our metrics, rules and dashboard. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describePrometheus } from "../../support/prometheus/describe-prometheus.ts";
import { runPromtool } from "../../support/prometheus/promtool.ts";
import { PrometheusServer } from "../../support/prometheus/server.ts";
import { until } from "../../support/until.ts";
import { ScrapedRuntime } from "./scraped-runtime.ts";

const ROOT = path.resolve(import.meta.dirname, "../../..");
const RULES = path.join(ROOT, "deploy/prometheus/alerts.yml");
const DASHBOARD = path.join(ROOT, "deploy/grafana/millrace.json");

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets?: readonly { readonly expr: string }[] }[];
}

/** Every query of the dashboard, its variables filled in. */
function queries(): [panel: string, expression: string][] {
  const { panels } = JSON.parse(readFileSync(DASHBOARD, "utf8")) as Dashboard;
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }): [string, string] => [title, filledIn(expr)]),
  );
}

function filledIn(expression: string): string {
  return expression.replaceAll("$__rate_interval", "30s").replaceAll("$__range", "1m").replaceAll("$job", ".*");
}

await describePrometheus("Prometheus", ({ prometheus, promtool }) => {
  let runtime: ScrapedRuntime;
  let server: PrometheusServer;
  beforeAll(async () => {
    runtime = await ScrapedRuntime.start();
    await runtime.run();
    runtime.tellOfTrouble();
    server = await PrometheusServer.start(prometheus, runtime.target);
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    runtime[Symbol.dispose]();
  });

  test("finds nothing to mend in the metrics", async () => {
    const checked = await runPromtool(promtool, ["check", "metrics"], await runtime.registry.metrics());
    expect(checked).toEqual({ code: 0, output: "" });
  });

  test("accepts the rules, and they fire and end when they should", async () => {
    expect(await runPromtool(promtool, ["check", "rules", RULES])).toMatchObject({ code: 0 });
    const tested = await runPromtool(promtool, ["test", "rules", path.join(path.dirname(RULES), "alerts.test.yml")]);
    expect(tested.code, tested.output).toBe(0);
  });

  test("accepts the config of compose.yaml, which leaves our label job alone", async () => {
    const config = path.join(path.dirname(RULES), "prometheus.yml");
    expect(await runPromtool(promtool, ["check", "config", "--syntax-only", config])).toMatchObject({ code: 0 });
    expect(readFileSync(config, "utf8")).toMatch(/job_name: millrace\n(?:.*\n)?\s+honor_labels: true/);
  });

  test("has a test and a runbook for each rule", () => {
    const rules = readFileSync(RULES, "utf8");
    const tests = readFileSync(path.join(path.dirname(RULES), "alerts.test.yml"), "utf8");
    const names = [...rules.matchAll(/- alert: (?<name>\w+)/g)].map(({ groups }) => groups?.["name"] ?? "");
    const runbooks = [...rules.matchAll(/runbook_url: (?<file>\S+)/g)].map(({ groups }) => groups?.["file"] ?? "");
    expect(names).toHaveLength(11);
    expect(runbooks).toHaveLength(11);
    expect(names.filter((name) => !tests.includes(`alertname: ${name}`))).toEqual([]);
    expect(runbooks.filter((file) => !existsSync(path.join(ROOT, file)))).toEqual([]);
  });

  test("knows every metric that a rule asks for", async () => {
    const exported = await runtime.registry.metrics();
    const asked = readFileSync(RULES, "utf8").match(/\b(?:millrace|nodejs)_\w+/g) ?? [];
    expect(asked.length).toBeGreaterThan(9);
    expect([...new Set(asked)].filter((name) => !exported.includes(`# TYPE ${name} `))).toEqual([]);
  });

  test("answers every query of the dashboard", async () => {
    await until("a second run is scraped", async () => {
      const [read] = await server.query('millrace_records_total{job="orders",outcome="read"}');
      return read === undefined ? undefined : true;
    });
    await runtime.run();
    const [rejected] = await until("a rate can be told", async () => {
      const series = await server.query('rate(millrace_records_total{outcome="rejected"}[30s]) > 0');
      return series.length > 0 ? series : undefined;
    });
    expect(rejected?.metric).toMatchObject({ job: "orders", sink: "sink" });
    expect(queries().length).toBeGreaterThan(15);
    const silent: string[] = [];
    for (const [panel, expression] of queries()) {
      const series = await server.query(expression);
      if (series.length === 0) silent.push(`${panel}: ${expression}`);
    }
    expect(silent).toEqual([]);
  });
});
