/** Two machines' worth: two working folders whose runs share one state store in Postgres, and the files on a share. */
import os from "node:os";
import { describe, expect, test } from "vitest";
import { usePostgres } from "../support/postgres.ts";
import { type CommandLine, Project } from "../support/project.ts";
import { until } from "../support/until.ts";

const ROWS = 2_500;
const BAD_EVERY = 101;
const SLOWLY = { PAUSE_MS: "1" };

const PAUSE = `const pause = Number(process.env["PAUSE_MS"] ?? 0);
const cell = new Int32Array(new SharedArrayBuffer(4));
export default (record) => {
  if (pause > 0) Atomics.wait(cell, 0, 0, pause);
  return record;
};
`;

const postgres = usePostgres();
const ids = Array.from({ length: ROWS }, (_, id) => id);
const isBad = (id: number): boolean => id % BAD_EVERY === 1;
const good = ids.filter((id) => !isBad(id));

/** The same job in several working folders. */
class SharedJob {
  readonly #share: Project;
  readonly #sink: object;
  readonly name: string;

  constructor(share: Project, name: string, sink: object) {
    this.#share = share;
    this.#sink = sink;
    this.name = name;
    share.write(`${name}.csv`, `id,name\n${ids.map((id) => (isBad(id) ? `x${id},bad\n` : `${id},n${id}\n`)).join("")}`);
    share.write("pause.ts", PAUSE);
  }

  writeTo(machine: Project): string {
    return machine.job({
      name: this.name,
      source: { type: "file", path: this.#share.path(`${this.name}.csv`) },
      columns: { id: "int" },
      transform: this.#share.path("pause.ts"),
      sink: this.#sink,
      chunk: { size: "1KiB" },
      commit: { interval: "20ms" },
      retention: { rejects: "1h", rejectBytes: "100kB" },
    });
  }

  /** Source records that are committed, as the state store shows them. */
  async committed(): Promise<number> {
    const [made] = await postgres.server.query("SELECT to_regclass('millrace_state.progress') IS NOT NULL AS made");
    if (made?.["made"] !== true) return 0;
    const [row] = await postgres.server.query(
      "SELECT coalesce(sum(ordinal), 0)::int AS read FROM millrace_state.progress WHERE job = $1",
      [this.name],
    );
    return Number(row?.["read"]);
  }

  /** Each good record is once in the file, each bad one once among the rejects. */
  async assertWhole(file: string): Promise<void> {
    expect(this.#share.read(file)).toBe(`id,name\n${good.map((id) => `${id},n${id}\n`).join("")}`);
    const rejects = await postgres.server.query(
      "SELECT line::int FROM millrace_state.rejects WHERE job = $1 ORDER BY line",
      [this.name],
    );
    expect(rejects.map(({ line }) => line)).toEqual(ids.filter(isBad).map((id) => id + 2));
  }

  /** Waits until a slow run has committed some of it. */
  async caught(running: CommandLine): Promise<void> {
    await until(`${this.name} commits something`, async () => {
      if (running.over) throw new TypeError(`it ended before it was caught: ${running.err}`);
      return (await this.committed()) > 0 || undefined;
    });
  }
}

/** One machine runs the job and is killed; another one is refused before that and goes on behind it. */
async function handOver(job: SharedJob): Promise<void> {
  using first = new Project();
  using second = new Project();
  const url = postgres.server.url();
  const running = first.start(["run", job.writeTo(first), "--json"], { ...SLOWLY, MILLRACE_STATE: url });
  await job.caught(running);

  const other = job.writeTo(second);
  const refused = await second.run(["run", other, "--quiet", "--state", url]);
  expect(refused.err).toContain(`${job.name} is already being run by process ${running.pid} on ${os.hostname()}`);
  expect(refused.err).toContain("(LEASE_HELD)");
  expect(refused.err).not.toContain("millrace@");
  expect(refused.code).toBe(1);

  running.kill("SIGKILL");
  await running.ended;
  const { summary, code, err } = await second.summaryOf([other, "--state", url]);
  expect(code, err).toBe(0);
  const rejected = ROWS - good.length;
  expect(summary).toMatchObject({ state: "succeeded", resumed: true, read: ROWS, written: good.length, rejected });
  expect([first.exists(".millrace"), second.exists(".millrace")]).toEqual([false, false]);
}

describe("a state store in Postgres", () => {
  test("hands a load into Postgres from one machine to the next", async () => {
    using share = new Project();
    await postgres.server.query("CREATE TABLE handed (id int, name text)");
    await handOver(new SharedJob(share, "handed", { type: "postgres", url: postgres.server.url(), table: "handed" }));
    const rows = await postgres.server.query("SELECT id FROM handed ORDER BY id");
    expect(rows.map(({ id }) => id)).toEqual(good);
  });

  test("hands a load into a file from one machine to the next", async () => {
    using share = new Project();
    const job = new SharedJob(share, "filed", { type: "file", path: share.path("out.csv") });
    await handOver(job);
    await job.assertWhole("out.csv");
  });

  test("may crash under a run into a file, again and again", async () => {
    using share = new Project();
    using machine = new Project();
    const job = new SharedJob(share, "crashes", { type: "file", path: share.path("out.csv") });
    const args = ["run", job.writeTo(machine), "--json", "--state", postgres.server.url()];
    const running = machine.start(args, SLOWLY);
    for (let crashes = 0; crashes < 3; crashes++) {
      const before = crashes === 0 ? 0 : await job.committed();
      await until("more is committed", async () => running.over || (await job.committed()) > before || undefined);
      expect(running.over, running.err).toBe(false);
      await postgres.server.stop("immediate");
      await postgres.server.start();
    }
    const { code, out, err } = await running.ended;
    expect(code, err).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ state: "succeeded", read: ROWS, written: good.length, balanced: true });
    await job.assertWhole("out.csv");
  });

  test("that cannot be reached ends the run with a message and without a secret", async () => {
    using machine = new Project();
    using share = new Project();
    const job = machine.job({
      name: "away",
      source: { type: "file", path: share.path(share.write("in.csv", "id\n1\n")) },
      sink: { type: "file", path: share.path("out.csv") },
      retry: { for: "10ms", initialDelay: "1ms", maxDelay: "5ms" },
    });
    const ended = await machine.run(["run", job, "--quiet", "--state", "postgres://etl:s3cret@127.0.0.1:1/ops"]);
    expect(ended.err).toMatch(/state store: cannot connect to postgres etl@127\.0\.0\.1:1\/ops: .*ECONNREFUSED/);
    expect(ended.err).toContain("check that the server runs");
    expect(`${ended.err}${ended.out}`).not.toContain("s3cret");
    expect(ended.code).toBe(1);
    expect(share.exists("out.csv")).toBe(false);
  });
});
