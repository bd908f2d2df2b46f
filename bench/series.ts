/** Runs a scenario several times, its contenders in turn, and puts the figures into a table. */
import { textTable } from "../src/cli/text-table.ts";
import { MillraceError } from "../src/core/errors.ts";
import { formatSize } from "../src/observability/figures.ts";
import type { Contender, Measurement, Scenario } from "./scenario.ts";

/** One contender's measurements, round by round. */
interface Line {
  readonly contender: Contender;
  readonly measurements: Measurement[];
}

/**
 * Lets every contender run once a round, so that what the machine does meanwhile meets all of them.
 *
 * @returns the table with medians; ratios are taken within a round
 * @throws MillraceError INVARIANT when two contenders did not produce the same
 */
export async function runSeries(scenario: Scenario, rounds: number, tell: (text: string) => void): Promise<string> {
  const lines: readonly Line[] = scenario.contenders.map((contender) => ({ contender, measurements: [] }));
  for (let round = 1; round <= rounds; round++) {
    for (const { contender, measurements } of lines) {
      const measurement = await contender.run();
      measurements.push(measurement);
      tell(`  round ${round} of ${rounds}: ${contender.name}: ${measurement.seconds.toFixed(2)} s`);
    }
  }
  assertSame(lines);
  return tableOf(scenario, lines);
}

/** Faster is worth nothing if it is not the same work. */
function assertSame(lines: readonly Line[]): void {
  const checks = new Set(lines.flatMap(({ measurements }) => measurements.map(({ check }) => check)));
  if (checks.size > 1)
    throw new MillraceError("INVARIANT", `contenders did not produce the same: ${[...checks].join("; ")}`);
}

function tableOf({ rows }: Scenario, lines: readonly Line[]): string {
  const extra = Object.keys(lines[0]?.measurements[0]?.figures ?? {});
  // sizes differ where there are further figures, so a ratio of times would say nothing
  const headings = ["", "seconds", ...(extra.length > 0 ? extra : ["records/s", "time / millrace's"]), "peak memory"];
  const reference = lines[0]?.measurements ?? [];
  const cells = lines.map(({ contender, measurements }) => {
    const seconds = median(measurements.map((one) => one.seconds));
    const memory = median(measurements.flatMap(({ peakMemoryBytes }) => peakMemoryBytes ?? []));
    const ratio = median(measurements.map((one, round) => one.seconds / (reference[round]?.seconds ?? Number.NaN)));
    const pace = Math.round(rows / seconds).toLocaleString("en-US");
    const further = extra.map((name) =>
      median(measurements.map(({ figures }) => figures?.[name] ?? Number.NaN)).toFixed(1),
    );
    const middle = extra.length > 0 ? further : [pace, ratio.toFixed(2)];
    return [contender.name, seconds.toFixed(2), ...middle, Number.isNaN(memory) ? "" : formatSize(memory)];
  });
  return textTable(headings, cells, { indent: "  " });
}

/** The middle value; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = Number.NaN, high = Number.NaN] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]];
  return (low + high) / 2;
}
