/** A job with a slot every second or so, whose rows in a table say which run has written them: each slot is counted exactly. */
import { expect } from "vitest";
import { type Daemon, type DeployedJob, type Deployment, type ToldRun } from "./daemon.ts";
import type { EmbeddedPostgres } from "./embedded-postgres.ts";

/** How a load differs from the usual one. */
export interface SlotLoadOptions {
  /** Of a slot. */
  readonly rows?: number;
  /** From slot to slot; more than 1 where long absences are to be caught up, on a machine that is busy with other things. */
  readonly everySeconds?: number;
  /** Over each record, so that whatever happens happens in the middle of runs; milliseconds. */
  readonly pauseMs?: number;
  /** Other keys of the job. */
  readonly job?: { readonly [key: string]: unknown };
}

const transformOf = (pauseMs: number): string => `const cell = new Int32Array(new SharedArrayBuffer(4));
export default ({ id }, { run }) => {
  ${pauseMs === 0 ? "" : `Atomics.wait(cell, 0, 0, ${pauseMs});`}
  return { run, id };
};
`;

/** One such job. */
export class SlotLoad {
  /** Of the job and of its table. */
  readonly name = `slots${crypto.randomUUID().slice(0, 8)}`;
  readonly #server: EmbeddedPostgres;
  readonly #rows: number;
  readonly #everySeconds: number;

  private constructor(server: EmbeddedPostgres, rows: number, everySeconds: number) {
    this.#server = server;
    this.#rows = rows;
    this.#everySeconds = everySeconds;
  }

  /** Makes its table and writes its job. */
  static async deploy(
    server: EmbeddedPostgres,
    deployment: Deployment,
    { rows = 40, everySeconds = 1, pauseMs = 4, job = {} }: SlotLoadOptions = {},
  ): Promise<SlotLoad> {
    const load = new SlotLoad(server, rows, everySeconds);
    await server.query(`create table ${load.name} (run text, id int)`);
    const lines = Array.from({ length: rows }, (_, id) => `${id}\n`);
    deployment.project.write("jobs/slots.csv", `id\n${lines.join("")}`);
    deployment.project.write("jobs/slots.js", transformOf(pauseMs));
    deployment.deploy({ ...load.#job(), ...job });
    return load;
  }

  /** Waits until a slot that came due after `since` has succeeded; as long as slot after slot is caught up until then. */
  async reaches(daemon: Daemon, since: number): Promise<void> {
    for (let before = 0; ; ) {
      const done = await daemon.until("a further slot succeeds", async () => {
        const runs = await daemon.runs(this.name);
        const succeeded = runs.filter(({ state }) => state === "succeeded");
        return succeeded.length > before ? succeeded : undefined;
      });
      if (done.some(({ slot }) => at(slot) >= since)) return;
      before = done.length;
    }
  }

  /** Lets it start nothing more, waits until what is under way has ended, and gives all runs. */
  async rest(daemon: Daemon): Promise<readonly ToldRun[]> {
    await daemon.post(`/api/jobs/${this.name}/pause`);
    return await daemon.until("nothing of it is under way", async () => {
      const runs = await daemon.runs(this.name);
      return runs.some(({ state }) => state === "running") ? undefined : runs;
    });
  }

  /** Each slot from the first to the last has one run, which has succeeded and has written each row once. */
  async assertEachOnce(runs: readonly ToldRun[]): Promise<void> {
    const seconds = runs.map(({ slot }) => at(slot) / 1_000).toSorted((a, b) => a - b);
    const [first = 0] = seconds;
    expect(seconds).toEqual(Array.from(seconds, (_, index) => first + index * this.#everySeconds));
    await this.assertWhole(runs);
  }

  /** Each run has succeeded and has written each row once, and nobody else has written any. */
  async assertWhole(runs: readonly ToldRun[]): Promise<void> {
    expect(new Set(runs.map(({ state }) => state))).toEqual(new Set(["succeeded"]));
    const written = await this.#server.query(
      `select run, count(*)::int as rows, count(distinct id)::int as ids from ${this.name} group by run order by run`,
    );
    const rows = this.#rows;
    expect(written).toEqual(runs.map(({ run }) => ({ run, rows, ids: rows })).toSorted(byRun));
  }

  #job(): DeployedJob {
    return {
      name: this.name,
      source: { type: "file", path: "slots.csv" },
      columns: { id: "int" },
      transform: "./slots.js",
      chunk: { records: Math.ceil(this.#rows / 4) },
      commit: { interval: "20ms" },
      sink: { type: "postgres", url: this.#server.url(), table: this.name },
      trigger: { type: "cron", schedule: `*/${this.#everySeconds} * * * * *`, catchUp: "all", overlap: "bufferAll" },
    };
  }
}

function at(slot: string | null): number {
  return Date.parse(slot ?? "");
}

function byRun(a: { readonly run: string }, b: { readonly run: string }): number {
  return a.run < b.run ? -1 : 1;
}
