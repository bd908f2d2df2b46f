/** Takes the series of a job that is gone off a registry. */
import type { Metric, Registry } from "prom-client";

/** Of every metric of ours that has the label `job`; those of others are left alone. */
export async function forgetSeries(registry: Registry, job: string): Promise<void> {
  const names = registry.getMetricsAsArray().map(({ name }) => name);
  for (const name of names.filter((ours) => ours.startsWith("millrace_"))) {
    const metric = registry.getSingleMetric(name);
    if (metric !== undefined) await forgetIn(metric, job);
  }
}

async function forgetIn(metric: Metric, job: string): Promise<void> {
  const { values } = await metric.get();
  for (const { labels } of values) {
    // A histogram's buckets are one series here; `le` is none of its labels.
    const { le: _le, ...own } = labels as Record<string, string>;
    if (own["job"] === job) metric.remove(own);
  }
}
