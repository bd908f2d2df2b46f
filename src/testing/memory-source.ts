/** A source whose splits lie in memory: for tests of jobs and of everything behind a source. */
import { createHash } from "node:crypto";
import { abortError } from "../core/clock.ts";
import { MillraceError } from "../core/errors.ts";
import type { SourceDefinition, SourceUse } from "../core/ports/connector.ts";
import type { BoundSource, ByteReader, KnownSplit, SourceContext, SplitPlan } from "../core/ports/source.ts";
import type { Position } from "../core/position.ts";

/** What a split holds: text or bytes as they would stand in a file, or records, which become JSON lines. */
export type SplitContent = string | Uint8Array | readonly unknown[];

/** The contents of some splits by their names. */
export type SplitContents = { readonly [split: string]: SplitContent };

/** How a {@link MemorySource} behaves. */
export interface MemorySourceOptions {
  /** The format of its texts; JSON lines when absent. */
  readonly format?: NonNullable<SourceDefinition["format"]>;
  /** Each run reads only what was appended since the last one. */
  readonly incremental?: boolean;
  /** Bytes that one read gives at most, so that tests have many borders; 64 KiB when absent. */
  readonly readBytes?: number;
}

const READ_BYTES = 64 * 1024;

/**
 * Texts, bytes or records in memory, as a job's `source`. Outlives the runs that read it.
 *
 * @example
 * const orders = new MemorySource({ "orders.csv": "id,price\n1,9.90\n" }, { format: "csv" });
 * const job = defineJob({ name: "orders", source: orders, sink: new MemorySink() });
 */
export class MemorySource implements SourceUse {
  readonly type = "module";
  readonly module: SourceDefinition;
  readonly options = {};
  readonly incremental: boolean;
  /** Readers that are open now. */
  get reading(): number {
    return this.#readers.size;
  }
  readonly #contents = new Map<string, Buffer>();
  readonly #readers = new Set<object>();
  readonly #readBytes: number;

  constructor(contents: SplitContents, { format = "jsonl", incremental = false, readBytes }: MemorySourceOptions = {}) {
    this.incremental = incremental;
    this.#readBytes = readBytes ?? READ_BYTES;
    this.module = {
      side: "source",
      name: "memory",
      format,
      incremental: true,
      resolve: async (_options, context) => this.#bind(context),
    };
    for (const [split, content] of Object.entries(contents)) this.set(split, content);
  }

  /** Gives a split other content, or makes one. */
  set(split: string, content: SplitContent): void {
    this.#contents.set(split, bytesOf(content));
  }

  /** Adds to a split, or makes one. */
  append(split: string, content: SplitContent): void {
    this.#contents.set(split, Buffer.concat([this.#contents.get(split) ?? Buffer.alloc(0), bytesOf(content)]));
  }

  #bind({ format, decode }: SourceContext): BoundSource {
    const ids = [...this.#contents.keys()].toSorted();
    return this.#boundTo(
      ids.map((id): SplitPlan => {
        const bytes = this.#contents.get(id) as Buffer;
        const header = format.readHeader(bytes, true, decode) ?? { dataOffset: 0, lines: 0 };
        return {
          id,
          origin: String(header.dataOffset),
          originLine: header.lines + 1,
          bytes: bytes.length - header.dataOffset,
          fingerprint: fingerprintOf(bytes, bytes.length),
          ...(header.fields && { fields: header.fields }),
          ...(this.incremental && { growing: true }),
        };
      }),
    );
  }

  #boundTo(splits: readonly SplitPlan[]): BoundSource {
    return {
      label: `memory (${splits.length} splits)`,
      splits,
      open: async (split, from, signal) => this.#open(split, from, signal),
      continueFrom: async (known) => this.#boundTo(splits.flatMap((split) => this.#news(split, known))),
      [Symbol.asyncDispose]: async () => {},
    };
  }

  /** A split with the fingerprint of when it was first seen, if there is anything behind what was read of it. */
  #news(split: SplitPlan, known: readonly KnownSplit[]): SplitPlan[] {
    const before = known.find(({ id }) => id === split.id);
    if (before === undefined) return [split];
    const content = this.#contents.get(split.id) ?? Buffer.alloc(0);
    if (before.token !== null && Number(before.token) >= content.length) return [];
    return [{ ...split, ...(before.fingerprint !== undefined && { fingerprint: before.fingerprint }) }];
  }

  #open({ id, fingerprint = "" }: SplitPlan, { token }: Position, signal: AbortSignal): ByteReader {
    if (signal.aborted) throw abortError(signal);
    const content = this.#contents.get(id) ?? Buffer.alloc(0);
    if (fingerprint !== "" && fingerprintOf(content, Number.parseInt(fingerprint, 10)) !== fingerprint) {
      throw new MillraceError("SOURCE_CHANGED", `${id} is no longer what it was`);
    }
    const me = {};
    this.#readers.add(me);
    let at = Number(token);
    return {
      kind: "bytes",
      read: async (into) => {
        if (signal.aborted) throw abortError(signal);
        const piece = content.subarray(at, at + Math.min(this.#readBytes, into.byteLength));
        into.set(piece);
        at += piece.length;
        return piece.length;
      },
      [Symbol.asyncDispose]: async () => void this.#readers.delete(me),
    };
  }
}

function bytesOf(content: SplitContent): Buffer {
  if (typeof content === "string") return Buffer.from(content);
  if (content instanceof Uint8Array) return Buffer.from(content);
  return Buffer.from(content.map((record) => `${JSON.stringify(record)}\n`).join(""));
}

/** Tells whether the first bytes are still the same; more may be appended behind them. */
function fingerprintOf(bytes: Uint8Array, count: number): string {
  return `${count} ${createHash("sha256").update(bytes.subarray(0, count)).digest("hex")}`;
}
