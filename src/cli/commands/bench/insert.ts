/** `millrace bench insert`: which way into Postgres is the fastest for a job's own rows. */
import { loadJob } from "../../../config/load.ts";
import { placeError } from "../../../config/place-error.ts";
import { systemClock } from "../../../core/clock.ts";
import { isMillraceError } from "../../../core/errors.ts";
import { parseDuration } from "../../../core/quantity.ts";
import { systemRandom } from "../../../core/random.ts";
import type { InsertReport } from "../../../bench/insert/report.ts";
import { insertReportToJson, renderInsertReport } from "../../bench/render-insert.ts";
import { EXIT, exitCodeOfError } from "../../exit-codes.ts";
import { parseCount } from "../../options.ts";
import { reportError } from "../../report-error.ts";
import { type ReportFlags, teller } from "../../reported-run.ts";
import { givenValues, type ValueFlags } from "../../run-values.ts";
import { listenForSignals } from "../../signals.ts";
import { type CliProcess, painterFor, tableWidth } from "../../terminal.ts";
import { prepareThreadMemory } from "../../thread-memory.ts";
import { usageError } from "../../usage-error.ts";

/** The command's options, as the command line gives them. */
export interface BenchInsertFlags extends ValueFlags, ReportFlags {
  readonly sink?: string;
  readonly records?: string;
  readonly iterations?: string;
  readonly timeLimit?: string;
  readonly indexes?: boolean;
}

const DEFAULT_RECORDS = "100000";
const DEFAULT_ITERATIONS = "3";
const DEFAULT_TIME_LIMIT = "5s";

/**
 * Measures and tells.
 *
 * @returns the exit code; 1 when every way was refused
 * @throws MillraceError for what is wrong with the command line or the job, before anything is read
 */
export async function benchInsertCommand(file: string, flags: BenchInsertFlags, process: CliProcess): Promise<number> {
  const wish = {
    records: parseCount("--records", flags.records ?? DEFAULT_RECORDS, "a number of source records"),
    rounds: parseCount("--iterations", flags.iterations ?? DEFAULT_ITERATIONS, "a number of rounds"),
    limitMs: parseLimit(flags.timeLimit ?? DEFAULT_TIME_LIMIT),
    indexes: flags.indexes ?? true,
    ...(flags.sink !== undefined && { sink: flags.sink }),
  };
  const job = await loadJob(file, givenValues(flags, process.env));
  prepareThreadMemory(job);
  const tell = teller(flags, process);
  using signals = listenForSignals(process, tell, "ending the load under way and dropping the scratch table");
  const { benchInsert } = await import("../../../bench/insert/bench-insert.ts");
  try {
    const report = await benchInsert(job, {
      ...wish,
      clock: systemClock,
      random: systemRandom,
      signal: signals.graceful,
      tell,
      observers: [(event) => void (event.kind === "retrying" && tell(`waiting: ${event.message}`))],
    });
    process.stdout.write(`${textOf(report, flags, process)}\n`);
    return report.ways.length === 0 ? EXIT.failed : EXIT.done;
  } catch (thrown) {
    if (signals.received !== undefined && isMillraceError(thrown, "ABORTED")) return EXIT[signals.received];
    reportError(placeError(thrown, job), process);
    return exitCodeOfError(thrown, signals.received);
  }
}

function textOf(report: InsertReport, { json = false }: ReportFlags, { stdout, env }: CliProcess): string {
  if (json) return JSON.stringify(insertReportToJson(report));
  return renderInsertReport(report, { width: tableWidth(stdout), paint: painterFor(stdout, env) });
}

/** @throws MillraceError USAGE */
function parseLimit(text: string): number {
  try {
    const limitMs = parseDuration(text);
    if (limitMs > 0) return limitMs;
  } catch {
    // told below
  }
  throw usageError(`--time-limit takes a duration such as 500ms or 10s, got ${JSON.stringify(text)}`);
}
