/** Jobs that read and write over pools of any size come to their end, in whatever order things happen. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type Holder, UnitConnections } from "../../src/connectors/postgres/sink/unit-connections.ts";
import { type Random, seededRandom } from "../../src/core/random.ts";
import type { Connection } from "../../src/postgres/connection.ts";
import { LentConnection } from "../../src/postgres/lent-connection.ts";
import { Mailbox } from "../../src/runtime/mailbox.ts";
import { ObjectPool } from "../../src/runtime/object-pool.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";

/** Where everybody stops on the way; the next one to go on is drawn. */
class Steps {
  readonly random: Random;
  readonly #parked: (() => void)[] = [];

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  pass(): Promise<void> {
    return new Promise((resolve) => this.#parked.push(resolve));
  }

  happens(share: number): boolean {
    return this.random() < share;
  }

  /** Lets things happen until nobody is on the way any more. */
  async runOut(): Promise<void> {
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const [next] = this.#parked.splice(Math.floor(this.random() * this.#parked.length), 1);
      if (next === undefined) return;
      next();
    }
  }
}

function poolOf(max: number, steps: Steps): ObjectPool<Connection> {
  const create = async (): Promise<Connection> => {
    await steps.pass();
    return { label: "server" } as Connection;
  };
  return new ObjectPool({ name: "sessions", create, max, clock: new FakeClock() });
}

/** A commit unit that holds a connection from its first row to its end, as `UnitTransaction` does. */
class Unit implements Holder {
  connection: LentConnection | undefined;
  isBroken = false;

  async begin(connections: UnitConnections, turn: "due" | "next"): Promise<void> {
    this.isBroken = false;
    const connection = await connections.acquire(turn, this);
    if (this.isBroken) await connection.discard();
    else this.connection = connection;
  }

  async giveWay(): Promise<void> {
    this.isBroken = true;
    await this.connection?.discard();
    this.connection = undefined;
  }

  async end(connections: UnitConnections): Promise<void> {
    connections.letGo(this);
    await this.connection?.[Symbol.asyncDispose]();
    this.connection = undefined;
  }
}

/** As the writer actor goes about it: the next unit fills while one commits, each as often as it takes. */
class Writer {
  readonly #connections: UnitConnections;
  readonly #steps: Steps;
  readonly #lanes: number;
  committed = 0;

  constructor(pool: ObjectPool<Connection>, lanes: number, steps: Steps) {
    const lender = {
      get isExhausted() {
        return pool.isExhausted;
      },
      acquire: async (signal?: AbortSignal) => {
        const lease = await pool.acquire(signal === undefined ? {} : { signal });
        return new LentConnection(lease.value, "job", lease);
      },
    };
    this.#connections = new UnitConnections(lender, new AbortController().signal);
    this.#steps = steps;
    this.#lanes = lanes;
  }

  async run(inbox: Mailbox<number>): Promise<void> {
    let committing = Promise.resolve();
    while ((await inbox.receive()) !== undefined) {
      const unit = new Unit();
      const hasRows = this.#steps.happens(0.8);
      if (hasRows) await unit.begin(this.#connections, "next");
      await this.#steps.pass();
      await committing;
      committing = this.#commit(unit);
      if (this.#lanes === 1) await committing;
    }
    await committing;
  }

  async #commit(unit: Unit): Promise<void> {
    for (;;) {
      if (unit.connection === undefined) {
        // whether it is durable after all
        await using _asked = await this.#connections.acquire("due");
        await this.#steps.pass();
      }
      if (unit.connection === undefined) await unit.begin(this.#connections, "due");
      await this.#steps.pass();
      const isRefused = this.#steps.happens(0.3);
      await unit.end(this.#connections);
      if (!isRefused) break;
      // the pause before the next attempt
      await this.#steps.pass();
    }
    this.committed++;
  }
}

/** Holds a session for as long as it takes its sink to take what it reads. */
async function read(pool: ObjectPool<Connection>, outbox: Mailbox<number>, units: number): Promise<void> {
  await using _session = await pool.acquire();
  for (let unit = 0; unit < units; unit++) await outbox.send(unit);
  outbox.close();
}

const jobs = fc.array(fc.record({ units: fc.nat({ max: 5 }), lanes: fc.constantFrom(1, 2) }), {
  minLength: 1,
  maxLength: 6,
});

test("jobs never wait for each other in a circle, however few connections there are", async () => {
  const size = fc.integer({ min: 1, max: 3 });
  await fc.assert(
    fc.asyncProperty(jobs, size, size, fc.integer(), async (jobs, sourceMax, sinkMax, seed) => {
      const steps = new Steps(seed);
      const [sources, sinks] = [poolOf(sourceMax, steps), poolOf(sinkMax, steps)];
      let ended = 0;
      const writers = jobs.map(({ units, lanes }) => {
        const mailbox = new Mailbox<number>({ name: "rows", maxRecords: 1, maxBytes: 1, weigh });
        const writer = new Writer(sinks, lanes, steps);
        void Promise.all([read(sources, mailbox, units), writer.run(mailbox)]).then(() => ended++);
        return writer;
      });
      await steps.runOut();
      expect(ended).toBe(jobs.length);
      expect(writers.map(({ committed }) => committed)).toEqual(jobs.map(({ units }) => units));
      expect([sources.stats.inUse, sinks.stats.inUse]).toEqual([0, 0]);
    }),
    { numRuns: 150 },
  );
});

function weigh() {
  return { records: 1, bytes: 1 };
}
