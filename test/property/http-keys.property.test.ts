/**
 * Keys of the HTTP sink under kill -9: processes come and go at any moment, cut chunks and close units as it happens to come,
 * and a server that acts once a key has acted once on every record in the end.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { NO_COUNTS } from "../../src/core/ledger.ts";
import { MillraceError } from "../../src/core/errors.ts";
import type { Advance, Progress, SinkMemory, SinkUnit, SinkWriter } from "../../src/core/ports/sink.ts";
import type { StateStore } from "../../src/core/ports/state-store.ts";
import { originPosition } from "../../src/core/position.ts";
import { sinkMemory } from "../../src/pipeline/sink-memory.ts";
import { openMemoryStore } from "../../src/state/memory.ts";
import {
  openWriter,
  type Outputs,
  PatientHost,
  rowsOf,
  type Says,
  ScriptedServer,
  type Seen,
} from "../unit/connectors/http/sink/scripted-server.ts";

const KEY = { job: "push", scope: "run-1", sink: "sink" };
const SPLITS = ["a", "b"];

interface Item {
  readonly id: string;
  readonly kind: "good" | "bad" | "flaky";
  readonly tenant: string;
}

/** Where in a process's life it is killed: before which of the things that are seen from outside. */
interface Life {
  readonly killAt: number;
  /** Records of its chunks, and chunks of its units, in turn. */
  readonly chunks: readonly number[];
  readonly units: readonly number[];
  /** Which of its words the state store does not take, and whether it has them all the same. */
  readonly lost: readonly { readonly word: number; readonly isKept: boolean }[];
}

interface Case {
  /** Of each split: the outputs of its records. */
  readonly splits: readonly (readonly (readonly Item[])[])[];
  readonly batch: { readonly records: number; readonly bytes: number };
  readonly concurrency: number;
  readonly isMapped: boolean;
  readonly byTenant: boolean;
  readonly lives: readonly Life[];
}

/** Acts once a key, and then answers as it did the first time. */
class OnceAKey {
  readonly acted = new Map<string, number>();
  readonly #answers = new Map<string, { readonly body: string; readonly says: Says }>();
  readonly #isMapped: boolean;

  constructor(isMapped: boolean) {
    this.#isMapped = isMapped;
  }

  answer({ headers, body }: Seen): Says {
    const key = headers["idempotency-key"] as string;
    const known = this.#answers.get(key);
    if (known !== undefined) {
      expect(body, "the same key, the same body").toBe(known.body);
      return known.says;
    }
    const says = this.#act(JSON.parse(body) as readonly Item[]);
    this.#answers.set(key, { body, says });
    return says;
  }

  #act(items: readonly Item[]): Says {
    const statuses = items.map(({ kind }) => (kind === "bad" ? 422 : kind === "flaky" && items.length > 1 ? 503 : 200));
    if (!this.#isMapped && statuses.includes(422)) return 422;
    for (const [index, { id }] of items.entries()) {
      if (!this.#isMapped || statuses[index] === 200) this.acted.set(id, (this.acted.get(id) ?? 0) + 1);
    }
    return { status: 200, body: JSON.stringify(statuses.map((status) => ({ status }))) };
  }
}

class Killed extends Error {}

/** The end of a process: from some moment on nothing of it has an effect. */
class Mortal {
  #left: number;

  constructor(killAt: number) {
    this.#left = killAt;
  }

  live(): void {
    if (this.#left-- <= 0) throw new Killed();
  }
}

/** One process: it claims the splits, and goes on until everything is committed or it is killed. */
class Process {
  readonly #job: Case;
  readonly #state: StateStore;
  readonly #mortal: Mortal;
  readonly #rows: ReadonlyMap<string, Progress>;
  /** Records of each split that are committed, and that were handed over. */
  readonly #done: Map<string, number>;
  readonly #next: Map<string, number>;
  readonly #chunks: () => number;
  readonly #units: () => number;
  readonly #turns = cycle([0, 1, 1]);

  private constructor(job: Case, life: Life, state: StateStore, claimed: readonly Progress[]) {
    this.#job = job;
    this.#state = state;
    this.#mortal = new Mortal(life.killAt);
    this.#rows = new Map(claimed.map((row) => [row.split, row]));
    this.#done = new Map(claimed.map(({ split, position }) => [split, Number(position.ordinal)]));
    this.#next = new Map(this.#done);
    this.#chunks = cycle(life.chunks);
    this.#units = cycle(life.units);
  }

  static async live(job: Case, life: Life, server: OnceAKey, state: StateStore): Promise<void> {
    const claimed = await state.claim(
      KEY,
      SPLITS.map((split) => ({ split, origin: originPosition("0") })),
    );
    const process = new Process(job, life, state, claimed);
    const memory = process.#memory(sinkMemory(state, KEY, claimed), life.lost);
    const line = process.#lineTo(server);
    await using writer = await openWriter(optionsOf(job), { server: line, memory, host: new PatientHost() });
    while (process.#isMore()) await process.#commitUnit(writer);
  }

  /** What is under way when a process is killed may have had its effect, and its reply is lost. */
  #lineTo(server: OnceAKey): ScriptedServer {
    const line = new ScriptedServer();
    line.says = async (request) => {
      try {
        this.#mortal.live();
        const says = server.answer(request);
        await Promise.resolve();
        this.#mortal.live();
        return says;
      } catch (thrown) {
        return thrown as Error;
      }
    };
    return line;
  }

  #memory(memory: SinkMemory, lost: Life["lost"]): SinkMemory {
    const { scope } = memory;
    let word = 0;
    const keep: typeof scope.keep = async (words) => {
      const mishap = lost.find((one) => one.word === word);
      word++;
      this.#mortal.live();
      if (mishap?.isKept !== false) await scope.keep(words);
      this.#mortal.live();
      if (mishap !== undefined) throw new MillraceError("STATE_UNAVAILABLE", "the state store is away");
    };
    return { ...memory, scope: { all: () => scope.all(), keep } };
  }

  #isMore(): boolean {
    return SPLITS.some((split, index) => (this.#next.get(split) ?? 0) < (this.#job.splits[index]?.length ?? 0));
  }

  async #commitUnit(writer: SinkWriter): Promise<void> {
    const unit = await writer.begin("fast", null);
    for (let left = this.#units(); (left > 0 || unit.midway === true) && this.#isMore(); left--)
      await this.#write(unit);
    await unit.answers?.();
    await unit.commit([], []);
    this.#mortal.live();
    await this.#state.commit(KEY, this.#advances(), [], unit.words ?? []);
    for (const [split, to] of this.#next) this.#done.set(split, to);
    this.#mortal.live();
  }

  async #write(unit: SinkUnit): Promise<void> {
    const index = this.#turns();
    const split = SPLITS[index] as string;
    const from = this.#next.get(split) ?? 0;
    const records = this.#job.splits[index]?.slice(from, from + this.#chunks()) ?? [];
    this.#next.set(split, from + records.length);
    const outputs = records.map((items): Outputs => items.map((item) => ({ ...item })));
    const output = rowsOf(outputs, this.#job.byTenant ? ["tenant"] : []);
    if (output.rows > 0) await unit.write(output, { split, ordinal: BigInt(from) });
  }

  #advances(): Advance[] {
    return [...this.#rows.values()].flatMap(({ split, epoch }) => {
      const [from, to] = [this.#done, this.#next].map((ordinals) => ordinals.get(split) ?? 0) as [number, number];
      const position = { ordinal: BigInt(to), token: String(to) };
      return from === to ? [] : [{ split, epoch, from: BigInt(from), to: position, counts: NO_COUNTS }];
    });
  }
}

function optionsOf({ concurrency, batch, isMapped, byTenant }: Case): Parameters<typeof openWriter>[0] {
  return {
    concurrency,
    batch,
    ...(isMapped && { response: { status: "/status" } }),
    ...(byTenant && { headers: { "x-tenant": { field: "tenant" } } }),
  };
}

function cycle(numbers: readonly number[]): () => number {
  let at = 0;
  return () => numbers[at++ % numbers.length] as number;
}

const item = fc.record({
  kind: fc.constantFrom<Item["kind"]>("good", "good", "good", "good", "good", "bad", "flaky"),
  tenant: fc.constantFrom("one", "one", "two"),
  padding: fc.integer({ min: 0, max: 40 }),
});
const records = (split: string) =>
  fc.array(fc.array(item, { minLength: 0, maxLength: 3, size: "max" }), { maxLength: 40, size: "max" }).map((all) =>
    all.map((items, record) =>
      items.map(
        ({ padding, ...rest }, output): Item => ({
          id: `${split}${record}.${output}.${"x".repeat(padding)}`,
          ...rest,
        }),
      ),
    ),
  );
const life = fc.record({
  killAt: fc.integer({ min: 0, max: 25 }),
  chunks: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 }),
  units: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 5 }),
  lost: fc.array(fc.record({ word: fc.integer({ min: 0, max: 8 }), isKept: fc.boolean() }), { maxLength: 3 }),
});
const cases = fc.record<Case>({
  splits: fc.tuple(records("a"), records("b")),
  batch: fc.record({ records: fc.integer({ min: 1, max: 9 }), bytes: fc.integer({ min: 60, max: 2_000 }) }),
  concurrency: fc.integer({ min: 1, max: 4 }),
  isMapped: fc.boolean(),
  byTenant: fc.boolean(),
  lives: fc.array(life, { maxLength: 6, size: "max" }),
});

test("a server that acts once a key acts once on every record, whoever is killed whenever", async () => {
  await fc.assert(
    fc.asyncProperty(cases, async (job) => {
      const server = new OnceAKey(job.isMapped);
      await using state = openMemoryStore();
      const last = { killAt: Number.POSITIVE_INFINITY, chunks: [3, 7], units: [2], lost: [] };
      for (const one of [...job.lives, last]) {
        try {
          await Process.live(job, one, server, state);
        } catch (thrown) {
          if (!(thrown instanceof Killed)) throw thrown;
        }
      }
      for (const items of job.splits.flat()) {
        const isRefused = items.some(({ kind }) => kind === "bad");
        for (const { id } of items) {
          const acted = server.acted.get(id) ?? 0;
          // A reply that speaks of single records may have taken siblings of the one that it refuses.
          if (isRefused) expect(acted, id).toBeLessThanOrEqual(1);
          else expect(acted, id).toBe(1);
        }
      }
    }),
    { numRuns: 200 },
  );
});
