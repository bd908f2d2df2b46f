/** The spool of a job over a store in memory, and memory for what is read of it. */
import { MillraceError } from "../../../../src/core/errors.ts";
import type { SharedBytes } from "../../../../src/core/chunk.ts";
import type { FrameBatch, FrameReader } from "../../../../src/core/ports/source.ts";
import type { Spool, SpoolOwnership, SpoolSize } from "../../../../src/core/ports/spool.ts";
import { openMemoryStore } from "../../../../src/state/memory.ts";

const JOB = "hook";
const WIDE = { bytes: 1_000_000, entries: 10_000 };

/** One process's view of a spool that it has for itself until `lose` is called. */
export class TestSpool implements Spool {
  readonly store = openMemoryStore();
  /** Thrown by what is asked for next. */
  fault: Error | null = null;
  lost = new AbortController();
  owned = 0;
  readonly trims: string[] = [];

  add: Spool["add"] = async (entry, limits) => (await this.store.addToSpool(JOB, [entry], limits))[0] ?? "full";

  /** Adds a body of one line a record, or whatever it is. */
  async send(...bodies: readonly string[]): Promise<void> {
    const entries = bodies.map((body) => ({ body: Buffer.from(body), key: null, receivedAt: 1 }));
    await this.store.addToSpool(JOB, entries, WIDE);
  }

  async read(after: bigint, maxBytes: number) {
    this.#fail();
    return this.store.readSpool(JOB, after, maxBytes);
  }

  async trim(upTo: bigint, keysBefore: number): Promise<void> {
    this.#fail();
    this.trims.push(`${upTo} ${keysBefore}`);
    await this.store.trimSpool(JOB, upTo, keysBefore);
  }

  size(): Promise<SpoolSize> {
    return this.store.spoolSize(JOB);
  }

  async own(): Promise<SpoolOwnership> {
    this.owned++;
    const { lost } = this;
    const confirm = async (): Promise<void> => {
      if (lost.signal.aborted) throw new MillraceError("FENCED", "another process has it");
    };
    return { lost: lost.signal, confirm, [Symbol.asyncDispose]: async () => void this.owned-- };
  }

  #fail(): void {
    const { fault } = this;
    this.fault = null;
    if (fault !== null) throw fault;
  }
}

/** Memory without a budget. */
export async function lease(bytes: number): Promise<SharedBytes> {
  const memory: SharedBytes = {
    bytes: new Uint8Array(bytes),
    retain: () => memory,
    release: () => {},
  };
  return memory;
}

/** The records of a batch, each with its own word and the one behind it. */
export function recordsOf({ memory, ends, tokens }: FrameBatch): readonly (readonly [string, string, string])[] {
  const text = Buffer.from(memory.bytes);
  return Array.from(ends, (end, at) => [
    text.toString("utf8", at === 0 ? 0 : ends[at - 1], end),
    tokens.of?.(at) ?? "",
    tokens.after(at),
  ]);
}

/** Reads so many records, however many batches that takes. */
export async function readSome(reader: FrameReader, count: number, maxBytes = 1_000) {
  const read: (readonly [string, string, string])[] = [];
  while (read.length < count) {
    const batch = await reader.read(maxBytes, lease);
    if (batch === undefined) break;
    read.push(...recordsOf(batch));
  }
  return read;
}
