/** The contender that all this is about: the built program, as a user runs it. */
import { existsSync, rmSync } from "node:fs";
import path from "node:path";
import { root } from "../scripts/steps.ts";
import { MillraceError } from "../src/core/errors.ts";
import type { RunSummary } from "../src/core/summary.ts";
import { runChild } from "./child.ts";
import { readReport, REPORTING, reportingTo } from "./main-thread-report.ts";
import type { Workshop } from "./workshop.ts";

/** What one run of the program told. */
export interface MillraceRun {
  readonly seconds: number;
  readonly summary: RunSummary;
  /** Share of its time that the main thread's event loop was not idle, 0 to 1; waiting for a core counts as busy. */
  readonly mainThreadBusy: number;
  /** CPU time of the main thread as a share of the time, 0 to 1. */
  readonly mainThreadCpu: number;
  readonly mainThreadCpuSeconds: number;
}

const PROGRAM = path.join(root, "dist/cli/main.js");
const COLUMNS = { id: "int", customer_id: "uuid", created_at: "timestamp", quantity: "int", unit_price: "decimal" };

/**
 * Runs the orders into a sink, from the start of the process to its end.
 *
 * @throws MillraceError as {@link runJobFile}
 */
export function runMillrace(
  workshop: Workshop,
  rows: number,
  sink: object,
  workers: number | "auto" = "auto",
  input: string = workshop.orders(rows),
): Promise<MillraceRun> {
  const job = { ...ordersJob(input), workers, sink };
  return runJobFile(workshop, rows, job);
}

/** The job of the orders, but for its sink. */
export function ordersJob(input: string): { readonly name: string; readonly [key: string]: unknown } {
  const transform = path.join(root, "config/orders.ts");
  return { name: "orders", source: { type: "file", path: input }, columns: COLUMNS, transform };
}

/**
 * Runs a job of so many records, from the start of the process to its end.
 *
 * @throws MillraceError USAGE when the program is not built; INVARIANT when the run does not succeed and balance
 */
export async function runJobFile(workshop: Workshop, rows: number, job: object): Promise<MillraceRun> {
  if (!existsSync(PROGRAM)) throw new MillraceError("USAGE", "the program is not built: run npm run build first");
  const state = workshop.path("state");
  rmSync(state, { recursive: true, force: true });
  const busyFile = workshop.path("main-thread.json");
  const { seconds, stdout } = await runChild({
    command: process.execPath,
    args: [
      ...REPORTING,
      PROGRAM,
      ...["run", workshop.write("job.json", JSON.stringify(job)), "--json", "--state", path.join(state, "state.db")],
    ],
    env: reportingTo(busyFile),
  });
  const summary = JSON.parse(stdout) as RunSummary;
  if (summary.state !== "succeeded" || !summary.balanced || summary.read !== rows) {
    throw new MillraceError(
      "INVARIANT",
      `millrace ended as ${summary.state} with ${summary.read} of ${rows} records read: ${stdout}`,
    );
  }
  const { utilization, cpuShare, cpuSeconds } = readReport(busyFile);
  return {
    seconds,
    summary,
    mainThreadBusy: utilization,
    mainThreadCpu: cpuShare,
    mainThreadCpuSeconds: cpuSeconds,
  };
}
