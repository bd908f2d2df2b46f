/** What every source has to do, so that a run can stop anywhere and go on. */
import assert from "node:assert/strict";
import { MillraceError } from "../../core/errors.ts";
import type { DecodeSpec } from "../../core/ports/format.ts";
import type { BoundSource, KnownSplit, SplitPlan, SplitReader } from "../../core/ports/source.ts";
import { type CaseBody, casesOf, type ConformanceCase } from "./case.ts";
import { lend, originOf, readSplit } from "./split-content.ts";

/** A source under test; `World` is whatever its data lies in, made anew for each case. */
export interface SourceSubject<World extends AsyncDisposable> {
  /** Makes data of a few splits, with three records or more in the first; disposing the world takes it away. */
  open(): Promise<World>;
  /** Binds to that data, as each run does; see `bindSource`. */
  bind(world: World): Promise<BoundSource>;
  /** How the records are decoded; JSON lines when absent. */
  readonly decode?: Partial<DecodeSpec>;
  /** Makes the first split other data. Absent: what is under this name can never change. */
  change?(world: World): Promise<void>;
  /** Adds records behind the last of the first split; for sources that can tell what is new. */
  append?(world: World): Promise<void>;
  /** Resources that the source holds just now: handles, sockets, timers. */
  held?(world: World): number | Promise<number>;
}

const DECODE: DecodeSpec = { format: "jsonl", options: {}, columns: {}, maxRecordBytes: 1024 * 1024 };
/** Borders that are tried of a long split. */
const MOST_BORDERS = 50;

/**
 * The cases of a source.
 *
 * @example
 * for (const { name, run } of sourceCases(subject)) test(name, run);
 */
export function sourceCases<World extends AsyncDisposable>(subject: SourceSubject<World>): readonly ConformanceCase[] {
  const suite = new SourceSuite(subject);
  return casesOf(
    () => subject.open(),
    [
      ...suite.planning(),
      ...suite.reading(),
      ...suite.lettingGo(),
      ...(subject.change === undefined ? [] : suite.changing(subject.change.bind(subject))),
      ...(subject.append === undefined ? [] : suite.growing(subject.append.bind(subject))),
    ],
  );
}

class SourceSuite<World extends AsyncDisposable> {
  readonly #subject: SourceSubject<World>;
  readonly #decode: DecodeSpec;

  constructor(subject: SourceSubject<World>) {
    this.#subject = subject;
    this.#decode = { ...DECODE, ...subject.decode };
  }

  planning(): readonly CaseBody<World>[] {
    return [
      {
        name: "source: splits have names of their own, in name order, and are found again",
        run: async (world) => {
          await using first = await this.#subject.bind(world);
          await using second = await this.#subject.bind(world);
          const ids = first.splits.map(({ id }) => id);
          assert.deepEqual(ids, [...new Set(ids)].toSorted(), "ids are unique and sorted");
          assert.ok(ids.length > 0, "the subject has a split");
          assert.deepEqual(second.splits, first.splits, "another bind finds the same splits");
        },
      },
    ];
  }

  reading(): readonly CaseBody<World>[] {
    return [
      {
        name: "source: a split reads alike each time, whatever the size of a read",
        run: (world) =>
          this.#bound(world, async (source) => {
            for (const split of source.splits) {
              const { bytes, borders } = await readSplit(source, split, this.#decode);
              for (const size of [1, 7, 64 * 1024]) {
                const again = await readSplit(source, split, this.#decode, originOf(split), size);
                assert.deepEqual(again.bytes, bytes, `${split.id} in reads of ${size} bytes`);
                assert.deepEqual(again.borders, borders, `borders of ${split.id} in reads of ${size} bytes`);
              }
            }
          }),
      },
      {
        name: "source: every border between two records is a position to go on from",
        run: (world) =>
          this.#bound(world, async (source) => {
            for (const [index, split] of source.splits.entries()) {
              const { bytes, borders } = await readSplit(source, split, this.#decode);
              if (index === 0) assert.ok(borders.length > 2, "the first split has three records or more");
              for (const { position, offset } of borders.slice(0, MOST_BORDERS)) {
                const rest = await readSplit(source, split, this.#decode, position);
                const expected = bytes.subarray(offset);
                assert.deepEqual(
                  rest.bytes,
                  expected,
                  `${split.id} from ordinal ${position.ordinal}, token ${position.token}`,
                );
                const positions = rest.borders.map(({ position: { ordinal, token } }) => `${ordinal} at ${token}`);
                const followers = borders.filter((border) => border.offset > offset);
                const wanted = followers.map(({ position: { ordinal, token } }) => `${ordinal} at ${token}`);
                assert.deepEqual(positions, wanted, `the positions behind ordinal ${position.ordinal} of ${split.id}`);
              }
            }
          }),
      },
      {
        name: "source: two readers of one split do not know of each other",
        run: (world) =>
          this.#bound(world, async (source, split) => {
            const { bytes } = await readSplit(source, split, this.#decode);
            const both = [
              readSplit(source, split, this.#decode, originOf(split), 5),
              readSplit(source, split, this.#decode),
            ];
            for (const { bytes: read } of await Promise.all(both)) assert.deepEqual(read, bytes);
          }),
      },
      {
        name: "source: behind the end there is nothing, however often it is asked for",
        run: (world) =>
          this.#bound(world, async (source, split) => {
            await using reader = await source.open(split, originOf(split), new AbortController().signal);
            while (await readOnce(reader)) {
              // to the end
            }
            for (let times = 0; times < 3; times++) assert.equal(await readOnce(reader), false);
          }),
      },
    ];
  }

  lettingGo(): readonly CaseBody<World>[] {
    return [
      {
        name: "source: an aborted read ends, and lets go of what it held",
        run: (world) =>
          this.#bound(world, async (source, split) => {
            const before = await this.#held(world);
            const stop = new AbortController();
            const reader = await source.open(split, originOf(split), stop.signal);
            await readOnce(reader, 1);
            stop.abort(new MillraceError("ABORTED", "enough"));
            await assert.rejects(readOnce(reader, 1), "a read behind the abort");
            await reader[Symbol.asyncDispose]();
            assert.equal(await this.#held(world), before, "held after the reader was disposed");
          }),
      },
      {
        name: "source: what was aborted before it begins is not begun",
        run: (world) =>
          this.#bound(world, async (source, split) => {
            const before = await this.#held(world);
            const opening = (async () => {
              await using reader = await source.open(split, originOf(split), AbortSignal.abort());
              await readOnce(reader);
            })();
            await assert.rejects(opening);
            assert.equal(await this.#held(world), before, "held");
          }),
      },
      {
        name: "source: readers and the source may be disposed twice",
        run: async (world) => {
          const before = await this.#held(world);
          const source = await this.#subject.bind(world);
          const [split] = source.splits;
          assert.ok(split);
          const reader = await source.open(split, originOf(split), new AbortController().signal);
          await readOnce(reader);
          for (let times = 0; times < 2; times++) await reader[Symbol.asyncDispose]();
          for (let times = 0; times < 2; times++) await source[Symbol.asyncDispose]();
          assert.equal(await this.#held(world), before, "held");
        },
      },
    ];
  }

  changing(change: (world: World) => Promise<void>): readonly CaseBody<World>[] {
    return [
      {
        name: "source: a split that is no longer what a run began with is refused",
        run: async (world) => {
          await using before = await this.#subject.bind(world);
          const [split] = before.splits;
          assert.ok(split);
          const { borders } = await readSplit(before, split, this.#decode);
          await change(world);
          await using after = await this.#subject.bind(world);
          const reading = readSplit(after, split, this.#decode, borders[0]?.position);
          await assert.rejects(reading, { name: "MillraceError", code: "SOURCE_CHANGED" });
        },
      },
    ];
  }

  growing(append: (world: World) => Promise<void>): readonly CaseBody<World>[] {
    return [
      {
        name: "source: a later run finds what is new, and nothing else",
        run: async (world) => {
          const known = await this.#readAll(world);
          assert.deepEqual(await this.#news(world, known), [], "nothing was added");
          await append(world);
          const found = await this.#news(world, known);
          assert.deepEqual(found, [known[0]?.id], "the first split has grown");
        },
      },
      {
        name: "source: what was added is read behind what was there",
        run: async (world) => {
          await using source = await this.#subject.bind(world);
          const [split] = source.splits;
          assert.ok(split);
          const { bytes, borders } = await readSplit(source, split, this.#decode);
          const last = borders.at(-1);
          assert.ok(last);
          await append(world);
          await using after = await this.#subject.bind(world);
          const known = { id: split.id, token: last.position.token };
          const old = split.fingerprint === undefined ? known : { ...known, fingerprint: split.fingerprint };
          const continued = (await after.continueFrom?.([old])) ?? after;
          const grown = continued.splits.find(({ id }) => id === split.id);
          assert.ok(grown, "the split is there");
          const added = await readSplit(continued, grown, this.#decode, last.position);
          assert.ok(added.borders.length > 0, "there are new records");
          const whole = await readSplit(continued, grown, this.#decode);
          assert.deepEqual(whole.bytes, Buffer.concat([bytes.subarray(0, last.offset), added.bytes]));
        },
      },
    ];
  }

  /** The splits as a run leaves them that has read everything. */
  async #readAll(world: World): Promise<readonly (KnownSplit & { readonly token: string })[]> {
    await using source = await this.#subject.bind(world);
    return await Promise.all(
      source.splits.map(async (split) => {
        const { borders } = await readSplit(source, split, this.#decode);
        const { id, origin, fingerprint } = split;
        const token = borders.at(-1)?.position.token ?? origin;
        return { id, token, ...(fingerprint !== undefined && { fingerprint }) };
      }),
    );
  }

  /** The splits in which a later run finds records; it may be given others in which only reading tells that there are none. */
  async #news(world: World, known: readonly (KnownSplit & { readonly token: string })[]): Promise<readonly string[]> {
    await using source = await this.#subject.bind(world);
    await using continued = await source.continueFrom?.(known);
    assert.ok(continued, "a source that can grow has continueFrom");
    const found: string[] = [];
    for (const split of continued.splits) {
      const token = known.find(({ id }) => id === split.id)?.token ?? split.origin;
      const { borders } = await readSplit(continued, split, this.#decode, { ordinal: 0n, token });
      if (borders.length > 0) found.push(split.id);
    }
    return found;
  }

  /** A bound source, with its first split. */
  async #bound(world: World, body: (source: BoundSource, split: SplitPlan) => Promise<void>): Promise<void> {
    await using source = await this.#subject.bind(world);
    const [first] = source.splits;
    assert.ok(first, "the subject has a split");
    await body(source, first);
  }

  async #held(world: World): Promise<number> {
    return (await this.#subject.held?.(world)) ?? 0;
  }
}

/** Whether there was anything. */
async function readOnce(reader: SplitReader, bytes = 4096): Promise<boolean> {
  if (reader.kind === "frames") return (await reader.read(bytes, lend)) !== undefined;
  return (await reader.read(new Uint8Array(new SharedArrayBuffer(bytes)))) > 0;
}
