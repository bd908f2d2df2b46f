/** The series of parts of one writer, by partition; a target without partitions has the one of "". */
import { MillraceError } from "../../core/errors.ts";
import type { PartRecord } from "./part-record.ts";
import { type PartMaker, PartSeries } from "./part-series.ts";
import type { FileTarget } from "./target.ts";

/** What {@link SeriesByPartition} is made of. */
export interface SeriesByPartitionOptions {
  readonly maker: PartMaker;
  readonly target: FileTarget;
  readonly mode: "replace" | "append";
  /** The parts that earlier processes of the run began. */
  readonly begun: readonly PartRecord[];
}

/** More than that is a mistake in the choice of the fields; every partition takes memory until the end. */
const MAX_PARTITIONS = 100_000;

/** Makes the series of a partition when it is first asked for. */
export class SeriesByPartition {
  readonly #options: SeriesByPartitionOptions;
  readonly #series = new Map<string, PartSeries>();
  /** Of the partitions that an earlier process began, the number of the next part. */
  readonly #nextNumbers = new Map<string, number>();

  constructor(options: SeriesByPartitionOptions) {
    this.#options = options;
    for (const { partition, number } of options.begun) {
      this.#nextNumbers.set(partition, Math.max(this.#nextNumbers.get(partition) ?? 0, number + 1));
    }
  }

  /** Every series there is. */
  get all(): readonly PartSeries[] {
    return [...this.#series.values()];
  }

  /**
   * The series of a partition.
   *
   * @param open the part that the last commit left open, where the series begins with it
   * @throws MillraceError SINK_REFUSED when there are too many partitions
   */
  async of(partition: string, open: PartRecord | null = null): Promise<PartSeries> {
    const known = this.#series.get(partition);
    if (known !== undefined) return known;
    if (this.#series.size >= MAX_PARTITIONS) {
      throw new MillraceError(
        "SINK_REFUSED",
        `sink.partitionBy: more than ${MAX_PARTITIONS} partitions; choose fields with fewer different values`,
      );
    }
    const { maker, target } = this.#options;
    const next = await this.#nextNumber(partition);
    const series = new PartSeries({ maker, partition, open, next, staysOpen: !target.partitioned });
    this.#series.set(partition, series);
    return series;
  }

  /** Parts that are added to others must not take their names. */
  async #nextNumber(partition: string): Promise<number> {
    const { target, mode } = this.#options;
    const own = this.#nextNumbers.get(partition) ?? 0;
    return mode === "append" ? Math.max(own, await target.nextPart(partition)) : own;
  }
}
