/** Runs of an incremental job over a folder, as far as the file source has a part in them. */
import { chmodSync, rmSync, statSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { fileSourceShape } from "../../src/connectors/file/options.ts";
import { fileSource } from "../../src/connectors/file/source.ts";
import type { KnownSplit, SourceContext, SplitPlan } from "../../src/core/ports/source.ts";

const shape = z.strictObject(fileSourceShape);
const LINE_FEED = 10;

/** One run after another; what is kept between them is what a sink would keep. */
export class IncrementalRuns {
  readonly stored = new Map<string, KnownSplit>();
  readonly #path: string;
  readonly #context: SourceContext;

  constructor(path: string, context: SourceContext) {
    this.#path = path;
    this.#context = context;
  }

  /** What a run reads of each split, complete lines only; nothing is kept of one that fails. */
  async run(): Promise<{ readonly [split: string]: string }> {
    const options = shape.parse({ path: this.#path, incremental: true });
    const found = await fileSource.resolve(options, this.#context);
    const source = (await found.continueFrom?.([...this.stored.values()])) ?? found;
    const read: { [split: string]: string } = {};
    for (const split of source.splits) {
      const from = this.stored.get(split.id)?.token ?? split.origin;
      const kept = this.stored.get(split.id)?.fingerprint ?? split.fingerprint ?? "";
      const bytes = await contentFrom(source, { ...split, fingerprint: kept }, from);
      const whole = bytes.subarray(0, bytes.lastIndexOf(LINE_FEED) + 1);
      read[split.id] = whole.toString();
      this.stored.set(split.id, { id: split.id, fingerprint: kept, token: String(Number(from) + whole.length) });
    }
    return read;
  }
}

async function contentFrom(
  source: Awaited<ReturnType<typeof fileSource.resolve>>,
  split: SplitPlan,
  token: string,
): Promise<Buffer> {
  await using reader = await source.open(split, { ordinal: 0n, token }, new AbortController().signal);
  if (reader.kind !== "bytes") throw new TypeError("a file is a stream of bytes");
  const pieces: Buffer[] = [];
  for (let length = -1; length !== 0; ) {
    const block = Buffer.alloc(4096);
    length = await reader.read(block);
    pieces.push(block.subarray(0, length));
  }
  return Buffer.concat(pieces);
}

/** Deletes a file and makes another one of its name, perhaps with its inode. The clock of a file system may be coarse. */
export function replaceByNew(file: string, text: string): void {
  const before = statSync(file, { bigint: true }).birthtimeNs;
  rmSync(file);
  writeFileSync(file, text);
  while (statSync(file, { bigint: true }).birthtimeNs === before) {
    rmSync(file);
    writeFileSync(file, text);
  }
  while (isJustBorn(file)) chmodSync(file, 0o644);
}

function isJustBorn(file: string): boolean {
  const { birthtimeNs, ctimeNs } = statSync(file, { bigint: true });
  return birthtimeNs === ctimeNs;
}
