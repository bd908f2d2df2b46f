/** What every sink has to do, so that what is written takes effect once whatever happens on the way. */
import assert from "node:assert/strict";
import { isMillraceError } from "../../core/errors.ts";
import type { BoundSink, Progress, SinkUnit } from "../../core/ports/sink.ts";
import type { Reject } from "../../core/reject.ts";
import { openMemoryStore } from "../../state/memory.ts";
import { type CaseBody, casesOf, type ConformanceCase } from "./case.ts";
import { FIRST_SPLIT, KEY, type ProcessMemory, SinkProcess, type SinkRecord } from "./sink-process.ts";

/** A sink under test; `World` is whatever it writes into, made anew for each case. */
export interface SinkSubject<World extends AsyncDisposable> {
  /** Makes an empty target; disposing the world takes it away. */
  open(): Promise<World>;
  /** Binds to that target, as each run does; see `bindSink`. */
  bind(world: World): Promise<BoundSink>;
  /** Record `number`, from 0; all have the same fields. */
  record(number: number): SinkRecord;
  /** The numbers of the records that a reader of the target sees now, each as often as it is there. */
  seen(world: World): Promise<readonly number[]>;
  /** A record that the sink refuses for what is in it; absent: it refuses none. */
  refused?(): SinkRecord;
  /** Lets the next commit take effect and its reply get lost; absent: there is no reply that could. */
  loseReply?(world: World): void | Promise<void>;
  /** Resources that the sink holds just now: handles, sockets, timers. */
  held?(world: World): number | Promise<number>;
}

/** A case's tools. */
interface Stage<World> {
  readonly world: World;
  readonly memory: ProcessMemory;
}

type StageCase<World> = { readonly name: string; readonly run: (stage: Stage<World>) => Promise<void> };

/**
 * The cases of a sink.
 *
 * @example
 * for (const { name, run } of sinkCases(subject)) test(name, run);
 */
export function sinkCases<World extends AsyncDisposable>(subject: SinkSubject<World>): readonly ConformanceCase[] {
  const suite = new SinkSuite(subject);
  const cases = [
    ...suite.units(),
    ...suite.crashes(),
    ...suite.fences(),
    ...suite.lettingGo(),
    ...(subject.refused === undefined ? [] : suite.refusals(subject.refused())),
    ...(subject.loseReply === undefined ? [] : suite.lostReplies(subject.loseReply.bind(subject))),
  ];
  return casesOf(
    () => subject.open(),
    cases.map(
      ({ name, run }): CaseBody<World> => ({
        name: `sink: ${name}`,
        run: async (world) => {
          await using state = openMemoryStore();
          await run({ world, memory: { state, run: "run-1" } });
        },
      }),
    ),
  );
}

class SinkSuite<World extends AsyncDisposable> {
  readonly #subject: SinkSubject<World>;

  constructor(subject: SinkSubject<World>) {
    this.#subject = subject;
  }

  units(): readonly StageCase<World>[] {
    return [
      {
        name: "committed units are seen once the run has finished, each record once",
        run: async (stage) => {
          await using process = await this.#start(stage);
          await process.commitRecords(this.#records(0, 3));
          await process.commitRecords(this.#records(3, 5));
          assert.deepEqual(positionsOf(await process.stored()), ["a: 5 at 5, 5 written"], "positions are read back");
          await process.finish();
          await this.#sees(stage, [0, 1, 2, 3, 4]);
        },
      },
      {
        name: "a unit that is rolled back leaves nothing",
        run: async (stage) => {
          await using process = await this.#start(stage);
          const unit = await process.begin();
          await process.write(unit, this.#records(0, 3));
          await unit.rollback();
          assert.equal(process.written, 0);
          await process.commitRecords(this.#records(0, 2));
          await process.finish();
          await this.#sees(stage, [0, 1]);
        },
      },
      {
        name: "a unit may be empty: positions move over records that gave no rows",
        run: async (stage) => {
          await using process = await this.#start(stage);
          const unit = await process.begin();
          const { counts, ...advance } = process.advance(4);
          await process.commit(unit, { ...advance, counts: { ...counts, written: 0, emitted: 0, filtered: 4 } });
          assert.deepEqual(positionsOf(await process.stored()), ["a: 4 at 4, 0 written"]);
          await process.finish();
          await this.#sees(stage, []);
        },
      },
      {
        name: "a unit takes several chunks, and several splits",
        run: async (stage) => {
          await using process = await this.#start(stage, ["a", "b"]);
          const unit = await process.begin();
          await process.write(unit, this.#records(0, 2));
          await process.write(unit, this.#records(2, 3));
          await process.commit(unit, [process.advance(2), process.advance(1, 0, process.progress("b"))]);
          const stored = positionsOf(await process.stored()).toSorted();
          assert.deepEqual(stored, ["a: 2 at 2, 2 written", "b: 1 at 1, 1 written"]);
          await process.finish();
          await this.#sees(stage, [0, 1, 2]);
        },
      },
      {
        name: "where two units may be open, they commit in the order in which they were begun",
        run: async (stage) => {
          await using process = await this.#start(stage);
          if (process.writer.lanes === 1) return;
          const [first, second] = [await process.begin(), await process.begin()];
          await process.write(first, this.#records(0, 2));
          await process.write(second, this.#records(2, 4));
          await process.commit(first, process.advance(2));
          await process.commit(second, process.advance(2));
          await process.finish();
          await this.#sees(stage, [0, 1, 2, 3]);
        },
      },
    ];
  }

  crashes(): readonly StageCase<World>[] {
    return [
      {
        name: "a process that ends without a word leaves its committed units and nothing of the last one",
        run: async (stage) => {
          await this.#crashed(stage, async (process) => {
            await process.commitRecords(this.#records(0, 3));
            const unit = await process.begin();
            await process.write(unit, this.#records(3, 5));
          });
          await this.#goOn(stage, 6);
        },
      },
      {
        name: "a process that ends before its first commit leaves nothing",
        run: async (stage) => {
          await this.#crashed(stage, async (process) => {
            await process.write(await process.begin(), this.#records(0, 3));
          });
          await this.#goOn(stage, 4);
        },
      },
      {
        name: "a process that ends between its rows and their positions leaves none of both, or both",
        run: async (stage) => {
          await this.#crashed(stage, async (process) => {
            await process.commitRecords(this.#records(0, 2));
            const unit = await process.begin();
            await process.write(unit, this.#records(2, 4));
            await unit.commit([process.advance(2)], []);
          });
          await this.#goOn(stage, 5);
        },
      },
      {
        name: "a run may be taken up again and again, and once more when everything is written",
        run: async (stage) => {
          for (let done = 0; done < 3; done++) {
            await this.#crashed(stage, async (process) =>
              process.commitRecords(this.#records(process.written, process.written + 2)),
            );
          }
          await this.#goOn(stage, 6);
        },
      },
      {
        name: "an unfinished run is remembered until it ends or is given up",
        run: async (stage) => {
          await this.#crashed(stage, async (process) => process.commitRecords(this.#records(0, 3)));
          await using bound = await this.#subject.bind(stage.world);
          const unfinished = await bound.unfinished?.(KEY.job);
          if (unfinished === undefined) return;
          assert.deepEqual(
            unfinished.map(({ run, scope, written }) => ({ run, scope, written })),
            [{ run: "run-1", scope: "run-1", written: 3 }],
          );
          await bound.abandon?.(KEY.job, "run-1");
          assert.deepEqual(await bound.unfinished?.(KEY.job), [], "given up");
        },
      },
    ];
  }

  fences(): readonly StageCase<World>[] {
    return [
      {
        name: "a claim raises the epoch, keeps the position and the first fingerprint",
        run: async (stage) => {
          const before = await this.#crashed(stage, async (process) => process.commitRecords(this.#records(0, 2)));
          await using process = await this.#start(stage);
          const { epoch, position, fingerprint } = process.progress();
          assert.ok(epoch > before.epoch, `epoch ${epoch} after ${before.epoch}`);
          assert.equal(position.ordinal, process.bound.resume === "position" ? 2n : 0n);
          assert.equal(fingerprint, `first ${FIRST_SPLIT}`);
        },
      },
      {
        name: "an owner that was superseded is fenced off: its open unit has no effect",
        run: async (stage) => {
          await using zombie = await this.#start(stage);
          await zombie.commitRecords(this.#records(0, 2));
          const late = await zombie.begin();
          await zombie.write(late, this.#records(2, 4));
          await using successor = await this.#start(stage);
          await assertFenced(zombie, late, this.#records(2, 4));
          await this.#writeUpTo(successor, 5);
          await successor.finish();
          await this.#sees(stage, [0, 1, 2, 3, 4]);
        },
      },
      {
        name: "an owner that wakes up when its successor has finished is fenced off",
        run: async (stage) => {
          await using zombie = await this.#start(stage);
          const late = await zombie.begin();
          await zombie.write(late, this.#records(0, 2));
          await using successor = await this.#start(stage);
          await this.#writeUpTo(successor, 3);
          await successor.finish();
          await assertFenced(zombie, late, this.#records(0, 2));
          await this.#sees(stage, [0, 1, 2]);
        },
      },
      {
        name: "a unit that does not go on exactly where its splits stand has no effect, on none of them",
        run: async (stage) => {
          await using process = await this.#start(stage, ["a", "b"]);
          if (process.bound.positions !== "sink") return;
          const unit = await process.begin();
          await process.write(unit, this.#records(0, 3));
          const astray = { ...process.advance(1, 0, process.progress("b")), from: 7n };
          await assert.rejects(process.commit(unit, [process.advance(2), astray]), { code: "FENCED" });
          await unit.rollback();
          assert.deepEqual(positionsOf(await process.stored()).toSorted(), [
            "a: 0 at 0, 0 written",
            "b: 0 at 0, 0 written",
          ]);
          await this.#sees(stage, []);
        },
      },
    ];
  }

  lettingGo(): readonly StageCase<World>[] {
    return [
      {
        name: "writers and sinks may be disposed twice, in the middle of a unit too, and let go of what they held",
        run: async (stage) => {
          const before = await this.#held(stage.world);
          const process = await this.#start(stage);
          const unit = await process.begin();
          await process.write(unit, this.#records(0, 2));
          for (let times = 0; times < 2; times++) await process[Symbol.asyncDispose]();
          assert.equal(await this.#held(stage.world), before, "held");
        },
      },
      {
        name: "rolling back never fails, twice or behind a commit",
        run: async (stage) => {
          await using process = await this.#start(stage);
          const dropped = await process.begin();
          await process.write(dropped, this.#records(0, 2));
          for (let times = 0; times < 2; times++) await dropped.rollback();
          const kept = await process.begin();
          await process.write(kept, this.#records(0, 2));
          await process.commit(kept, process.advance(2));
          await kept.rollback();
          await process.finish();
          await this.#sees(stage, [0, 1]);
        },
      },
      {
        name: "rejects are kept in the step of their unit, where the sink keeps them",
        run: async (stage) => {
          await using process = await this.#start(stage);
          const unit = await process.begin();
          await process.write(unit, this.#records(0, 1));
          await process.commit(unit, process.advance(2, 1), [rejectOf()]);
          const shelf = process.bound.rejects ?? stage.memory.state;
          if (process.bound.positions === "sink" && process.bound.rejects === undefined) return;
          const kept = await shelf.listRejects({ job: KEY.job, limit: 10 });
          assert.deepEqual(
            kept.map(({ code, position }) => ({ code, ordinal: position.ordinal })),
            [{ code: "VALUE_INVALID", ordinal: 1n }],
          );
        },
      },
    ];
  }

  refusals(bad: SinkRecord): readonly StageCase<World>[] {
    return [
      {
        name: "a refused record fails a fast unit with a fault of the record, and nothing is seen of it",
        run: async (stage) => {
          await using process = await this.#start(stage);
          const unit = await process.begin();
          const filling = async (): Promise<void> => {
            await process.write(unit, [...this.#records(0, 2), bad, ...this.#records(2, 3)]);
            await process.commit(unit, process.advance(4));
          };
          await assert.rejects(filling(), (thrown) => isMillraceError(thrown) && thrown.fault === "record");
          await unit.rollback();
          assert.deepEqual(positionsOf(await process.stored()), ["a: 0 at 0, 0 written"]);
          await this.#sees(stage, []);
        },
      },
      {
        name: "a careful unit names the refused records, and writes all others",
        run: async (stage) => {
          await using process = await this.#start(stage);
          const unit = await process.begin("careful");
          const { rejects } = await process.write(unit, [
            bad,
            ...this.#records(0, 2),
            bad,
            ...this.#records(2, 3),
            bad,
          ]);
          assert.deepEqual(
            rejects.map(({ record }) => record).toSorted((a, b) => a - b),
            [0, 3, 5],
          );
          for (const { code, message } of rejects) assert.ok(code !== "" && message !== "", "a code and a reason");
          await process.commit(unit, process.advance(6, 3));
          await process.finish();
          await this.#sees(stage, [0, 1, 2]);
        },
      },
      {
        name: "one refused output of a record keeps its siblings from being written",
        run: async (stage) => {
          await using process = await this.#start(stage);
          const [zero, one, two] = this.#records(0, 3) as [SinkRecord, SinkRecord, SinkRecord];
          const unit = await process.begin("careful");
          const { rejects } = await process.write(unit, [zero, [one, bad], two]);
          assert.deepEqual(
            rejects.map(({ record, output }) => ({ record, output })),
            [{ record: 1, output: 1 }],
          );
          await process.commit(unit, process.advance(3, 1));
          await process.finish();
          await this.#sees(stage, [0, 2]);
        },
      },
    ];
  }

  lostReplies(loseReply: (world: World) => void | Promise<void>): readonly StageCase<World>[] {
    return [
      {
        name: "a commit whose reply is lost is told as such, and the positions tell whether it took effect",
        run: async (stage) => {
          await using process = await this.#start(stage);
          await process.commitRecords(this.#records(0, 1));
          const unit = await process.begin();
          await process.write(unit, this.#records(1, 3));
          await loseReply(stage.world);
          await assert.rejects(process.commit(unit, process.advance(2)), { code: "COMMIT_AMBIGUOUS" });
          await unit.rollback();
          await process.readBack();
          await this.#writeUpTo(process, 4);
          await process.finish();
          await this.#sees(stage, [0, 1, 2, 3]);
        },
      },
    ];
  }

  async #start({ world, memory }: Stage<World>, splits?: readonly string[]): Promise<SinkProcess> {
    return SinkProcess.start(await this.#subject.bind(world), memory, this.#subject.record(0), splits);
  }

  /** A process that does something and then is no more. */
  async #crashed(stage: Stage<World>, work: (process: SinkProcess) => Promise<unknown>): Promise<Progress> {
    await using process = await this.#start(stage);
    await work(process);
    return process.progress();
  }

  /** The process after it: it brings the rest, and every record has to be there once. */
  async #goOn(stage: Stage<World>, records: number): Promise<void> {
    await using process = await this.#start(stage);
    await this.#writeUpTo(process, records);
    await process.finish();
    await this.#sees(
      stage,
      Array.from({ length: records }, (_, number) => number),
    );
  }

  async #writeUpTo(process: SinkProcess, records: number): Promise<void> {
    if (process.written < records) await process.commitRecords(this.#records(process.written, records));
  }

  #records(from: number, to: number): SinkRecord[] {
    return Array.from({ length: to - from }, (_, index) => this.#subject.record(from + index));
  }

  async #sees({ world }: Stage<World>, expected: readonly number[]): Promise<void> {
    const seen = await this.#subject.seen(world);
    assert.deepEqual(
      seen.toSorted((a, b) => a - b),
      expected,
      "the records that a reader sees",
    );
  }

  async #held(world: World): Promise<number> {
    return (await this.#subject.held?.(world)) ?? 0;
  }
}

/**
 * Whichever step notices it: the sink's own, or that of the positions. A target with a key may refuse the rows before,
 * since the successor has brought them; then it is the careful unit that has to be told.
 */
async function assertFenced(zombie: SinkProcess, unit: SinkUnit, records: readonly SinkRecord[]): Promise<void> {
  try {
    await assert.rejects(zombie.commit(unit, zombie.advance(records.length)), (thrown) => {
      if (isMillraceError(thrown) && thrown.fault === "record") throw thrown;
      return isMillraceError(thrown, "FENCED");
    });
  } catch (thrown) {
    if (!isMillraceError(thrown)) throw thrown;
    const careful = await zombie.begin("careful");
    const { rejects } = await zombie.write(careful, records);
    const advance = zombie.advance(records.length, rejects.length);
    await assert.rejects(zombie.commit(careful, advance), { name: "MillraceError", code: "FENCED" });
    await careful.rollback();
  }
  await unit.rollback();
}

function positionsOf(rows: readonly Progress[]): string[] {
  return rows.map(
    ({ split, position, counts }) => `${split}: ${position.ordinal} at ${position.token}, ${counts.written} written`,
  );
}

function rejectOf(): Reject {
  return {
    job: KEY.job,
    run: "run-1",
    scope: "run-1",
    split: FIRST_SPLIT,
    position: { ordinal: 1n, token: "1" },
    stage: "decode",
    code: "VALUE_INVALID",
    message: "no number",
    raw: "x",
    rawEncoding: "utf8",
    attempts: 1,
    at: new Date(0).toISOString(),
  };
}
