/**
 * kill -9 of a webhook's processes at random times, also while they start, under senders that send again what nobody said
 * was safe: every request that was answered with 202 is in the table once, and nothing else is. `KILLS=n SEED=n` for other
 * numbers.
 */
import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { seededRandom } from "../../src/core/random.ts";
import { freePort } from "../support/free-port.ts";
import { usePostgres } from "../support/postgres.ts";
import { type CommandLine, Project } from "../support/project.ts";
import { until } from "../support/until.ts";
import { Senders } from "../support/webhook/senders.ts";

const LONG = process.env["KILLS"] !== undefined;
const KILLS = Number(process.env["KILLS"] ?? 4);
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const CLIENTS = 20;
/** A process lives for at most so long behind its start, milliseconds. */
const LIFE_MS = 2_000;

const postgres = usePostgres();
let tables = 0;

/** A job of several processes, each with an address of its own. */
class Hook {
  readonly urls: readonly string[];
  readonly #project: Project;
  readonly #state: string;
  readonly #jobs: readonly string[];
  readonly #running: (CommandLine | undefined)[];

  private constructor(project: Project, { state, table, ports }: { state: string; table: string; ports: number[] }) {
    this.#project = project;
    this.#state = state;
    this.urls = ports.map((port) => `http://127.0.0.1:${port}/hooks/orders`);
    this.#running = ports.map(() => undefined);
    this.#jobs = ports.map((port) =>
      project.write(
        `${port}.json`,
        JSON.stringify({
          name: table.replace("_", "-"),
          source: { type: "webhook", path: "/hooks/orders", listen: `127.0.0.1:${port}`, spool: { requests: 500 } },
          commit: { interval: "200ms" },
          sink: { type: "postgres", url: postgres.server.url(), table },
        }),
      ),
    );
  }

  static async create(project: Project, table: string, state: string, processes: number): Promise<Hook> {
    const ports = await Promise.all(Array.from({ length: processes }, freePort));
    return new Hook(project, { state, table, ports });
  }

  start(which: number): void {
    this.#running[which] = this.#project.start(["run", this.#jobs[which] ?? "", "--state", this.#state]);
  }

  async kill(which: number): Promise<void> {
    const running = this.#running[which];
    expect(running?.over, running?.err).toBe(false);
    running?.kill("SIGKILL");
    await running?.ended;
  }

  async stop(): Promise<void> {
    for (const running of this.#running) running?.kill("SIGTERM");
    for (const running of this.#running) {
      const ended = await running?.ended;
      expect(ended?.code, ended?.err).toBe(143);
    }
  }
}

test.each([
  { type: "sqlite", processes: 1 },
  { type: "postgres", processes: 2 },
])(
  `every request that was answered with 202 is written once over ${KILLS} kills: state in $type, $processes processes (SEED=${SEED})`,
  async ({ type, processes }) => {
    const { server } = postgres;
    const random = seededRandom(SEED);
    const table = `orders_${++tables}`;
    await server.query(`CREATE TABLE ${table} (id text)`);
    using project = new Project();
    const state = type === "sqlite" ? "state.db" : `${server.url()}?stateSchema=${table}_state`;
    const hook = await Hook.create(project, table, state, processes);
    const senders = new Senders({ urls: hook.urls, clients: CLIENTS });
    for (let which = 0; which < processes; which++) hook.start(which);
    for (let kill = 0; kill < KILLS; kill++) {
      const before = senders.accepted.length;
      // One in three dies while it starts.
      if (kill % 3 !== 1) await until("requests are taken", () => senders.accepted.length > before || undefined);
      await wait(random() * LIFE_MS);
      const which = Math.floor(random() * processes);
      await hook.kill(which);
      hook.start(which);
    }
    await senders.stop();
    const written = async (): Promise<number> =>
      Number((await server.query(`SELECT count(*)::int AS written FROM ${table}`))[0]?.["written"]);
    await until("all is written", async () => (await written()) >= senders.accepted.length || undefined);
    await hook.stop();
    const rows = await server.query(`SELECT id FROM ${table} ORDER BY id COLLATE "C"`);
    expect(rows.map(({ id }) => id)).toEqual(senders.accepted.toSorted());
    console.log(`${senders.accepted.length} records in ${type}, attempts: ${JSON.stringify([...senders.outcomes])}`);
  },
  LONG ? 7_200_000 : 120_000,
);
