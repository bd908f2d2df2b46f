/** The metrics of a runtime beside those of its runs: slots, alerts, what is running. */
import type { Counter, Gauge, Registry } from "prom-client";
import type { LendingFigures } from "../core/ports/shared-objects.ts";

/** When each job's next slot is, milliseconds since 1970. */
export type NextSlots = () => Promise<ReadonlyMap<string, number>> | ReadonlyMap<string, number>;

/** The pools that all runs borrow from. */
export type SharedPools = () => readonly LendingFigures[];

/** Every metric of a runtime. */
export interface HostMetricSet {
  readonly build: Gauge<"version" | "node">;
  readonly next: Gauge<"job">;
  readonly slots: Counter<"job" | "state">;
  readonly alerts: Gauge<"job" | "alert">;
}

/**
 * Makes the metrics on `registry`. It belongs to one runtime at a time: those of one that went before are replaced. Loads
 * prom-client.
 */
export async function openHostMetricSet(
  registry: Registry,
  {
    version,
    nextSlots,
    pools,
  }: { readonly version: string; readonly nextSlots: NextSlots; readonly pools: SharedPools },
): Promise<HostMetricSet> {
  const prom = await import("prom-client");
  const named = <L extends string>(name: string, help: string, labelNames: L[]) => {
    registry.removeSingleMetric(name);
    return { name, help, labelNames, registers: [registry] };
  };
  const build = new prom.Gauge(
    named("millrace_build_info", "Always 1; the labels say what is running", ["version", "node"]),
  );
  build.set({ version, node: process.version }, 1);
  const next = new prom.Gauge({
    ...named("millrace_next_slot_timestamp_seconds", "Nominal time of a job's next slot, in seconds since 1970", [
      "job",
    ]),
    async collect() {
      const known = await slotsOrNone(nextSlots);
      this.reset();
      for (const [job, at] of known) this.set({ job }, at / 1_000);
    },
  });
  const pooled = (name: string, help: string, figureOf: (pool: LendingFigures) => number) =>
    new prom.Gauge({
      ...named(name, help, ["pool"]),
      collect() {
        this.reset();
        for (const pool of pools()) this.inc({ pool: pool.name }, figureOf(pool));
      },
    });
  pooled("millrace_pool_size", "Connections of a pool that all jobs share, lent or idle", ({ size }) => size);
  pooled("millrace_pool_limit", "Connections that a shared pool may have", ({ max }) => max);
  pooled("millrace_pool_waiting", "Borrowers that wait for a connection of a shared pool", ({ waiting }) => waiting);
  return {
    build,
    next,
    slots: new prom.Counter(named("millrace_slots_total", "Slots by the state that they got to", ["job", "state"])),
    alerts: new prom.Gauge(
      named("millrace_alert_firing", "Whether an alert of a job's own fires: 1, or 0", ["job", "alert"]),
    ),
  };
}

/** The state store may be away; the other metrics are wanted all the more then. */
async function slotsOrNone(nextSlots: NextSlots): Promise<ReadonlyMap<string, number>> {
  try {
    return await nextSlots();
  } catch {
    return new Map();
  }
}
