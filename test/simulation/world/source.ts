/** A source in memory: splits of bytes read in odd pieces, or of records that it frames itself. */
import { MillraceError } from "../../../src/core/errors.ts";
import type { SharedBytes } from "../../../src/core/chunk.ts";
import type { Position } from "../../../src/core/position.ts";
import type {
  BoundSource,
  ByteReader,
  FrameBatch,
  FrameReader,
  SplitPlan,
  SplitReader,
} from "../../../src/core/ports/source.ts";
import { type Faults, unforeseen } from "./faults.ts";
import type { SimulatedProcess } from "./process.ts";

/** The data of one split. */
export interface SourceSplit {
  readonly id: string;
  readonly bytes: Uint8Array;
  /** Ends of the records, when the source frames them. */
  readonly ends: Int32Array | null;
  readonly fields: readonly string[] | undefined;
  /** Whether its size is told. */
  readonly sized: boolean;
}

/** One process's view of the source. */
export class SimulatedSource implements BoundSource {
  readonly label = "simulated source";
  readonly splits: readonly SplitPlan[];
  readonly #data: ReadonlyMap<string, SourceSplit>;
  readonly #process: SimulatedProcess;
  readonly #faults: Faults;
  readonly #isAway: boolean;

  /** @param isAway whether it is away where it would break */
  constructor(data: readonly SourceSplit[], process: SimulatedProcess, faults: Faults, isAway = false) {
    this.#isAway = isAway;
    this.#data = new Map(data.map((split) => [split.id, split]));
    this.#process = process;
    this.#faults = faults;
    this.splits = data.map(({ id, bytes, ends, fields, sized }) => ({
      id,
      origin: "0",
      fingerprint: `fingerprint of ${id}`,
      ...(ends === null ? { originLine: 1 } : {}),
      ...(fields === undefined ? {} : { fields }),
      ...(sized ? { bytes: bytes.byteLength } : {}),
    }));
  }

  async open({ id }: SplitPlan, from: Position): Promise<SplitReader> {
    const split = this.#data.get(id) as SourceSplit;
    await this.#step(`source: open ${id} at ${from.token}`);
    const step = (): Promise<void> => this.#step(`source: read ${id}`);
    return split.ends === null
      ? this.#bytes(split, Number(from.token), step)
      : this.#frames(split, Number(from.token), step);
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #bytes({ bytes }: SourceSplit, from: number, step: () => Promise<void>): ByteReader {
    const { scheduler } = this.#process;
    let at = from;
    return {
      kind: "bytes",
      async read(into) {
        await step();
        const most = Math.min(into.byteLength, bytes.byteLength - at);
        const count = scheduler.chance(0.7) ? most : Math.min(most, scheduler.between(1, 400));
        into.set(bytes.subarray(at, at + count));
        at += count;
        return count;
      },
      async [Symbol.asyncDispose]() {},
    };
  }

  #frames({ bytes, ends }: SourceSplit, from: number, step: () => Promise<void>): FrameReader {
    const all = ends as Int32Array;
    let next = from;
    return {
      kind: "frames",
      async read(maxBytes, lease) {
        await step();
        if (next === all.length) return undefined;
        const begin = next;
        const origin = begin === 0 ? 0 : (all[begin - 1] ?? 0);
        next++;
        while (next < all.length && (all[next] ?? 0) - origin <= maxBytes) next++;
        return frameBatch(bytes, all, begin, next, lease);
      },
      async [Symbol.asyncDispose]() {},
    };
  }

  async #step(name: string): Promise<void> {
    const fate = this.#faults.fate();
    await this.#process.step(name);
    if (fate === "crash") throw unforeseen(name);
    if (fate === "unsent" && this.#isAway) throw new MillraceError("SOURCE_UNAVAILABLE", `simulated: ${name}: away`);
    if (fate === "unsent")
      throw new MillraceError("SOURCE_FAILED", `simulated: ${name}: try again`, { fault: "transient" });
  }
}

export async function frameBatch(
  bytes: Uint8Array,
  ends: Int32Array,
  begin: number,
  end: number,
  lease: (bytes: number) => Promise<SharedBytes>,
): Promise<FrameBatch> {
  const origin = begin === 0 ? 0 : (ends[begin - 1] ?? 0);
  const length = (ends[end - 1] ?? 0) - origin;
  const memory = await lease(length);
  memory.bytes.set(bytes.subarray(origin, origin + length), 0);
  return {
    memory,
    bytes: length,
    ends: ends.slice(begin, end).map((at) => at - origin),
    tokens: { after: (record) => String(begin + record + 1) },
  };
}
