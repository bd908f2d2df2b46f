/**
 * A load into Postgres whose outcome is known row by row, so that after any trouble it can be told whether each record
 * took effect exactly once.
 */
import { createHash } from "node:crypto";
import type { Reject } from "../../src/core/reject.ts";
import type { EmbeddedPostgres } from "./embedded-postgres.ts";
import type { CommandLine, Ended, Environment, Project } from "./project.ts";
import { until } from "./until.ts";

/** How a load differs from the usual one. */
export interface LoadOptions {
  /** Of the job and of its table. */
  readonly name: string;
  readonly rows: number;
  /** Other keys of the job. */
  readonly job?: { readonly [key: string]: unknown };
  /** The server as the job sees it, where something stands between. */
  readonly url?: string;
}

/** What became of a load. */
export interface Loaded {
  readonly rows: number;
  /** Of all rows in the order of their ids: two loads of the same digest hold the same rows. */
  readonly digest: string;
  readonly rejects: readonly Pick<Reject, "line" | "code" | "raw">[];
  /** Of the run's rows in millrace.progress. */
  readonly ledger: { readonly read: number; readonly written: number; readonly rejected: number };
}

/** One record in so many has an id that is none. */
const BAD_EVERY = 97;

/** Waits the given milliseconds over each record, so that a test gets at a run while it is under way. */
const TRANSFORM = `const pause = Number(process.env["PAUSE_MS"] ?? 0);
const cell = new Int32Array(new SharedArrayBuffer(4));
export default (record) => {
  if (pause > 0) Atomics.wait(cell, 0, 0, pause);
  return record;
};
`;

/** A run slow enough to be caught. */
export const SLOWLY: Environment = { PAUSE_MS: "1" };

/** Small chunks and units: many positions to be caught at. */
const SMALL = { chunk: { size: "1KiB" }, commit: { interval: "20ms" } };

/** One load. */
export class Load {
  readonly name: string;
  /** The job file's name. */
  readonly job: string;
  readonly project: Project;
  /** How it has to end. */
  readonly expected: Loaded;
  readonly #server: EmbeddedPostgres;

  private constructor(project: Project, server: EmbeddedPostgres, { name, rows, job = {}, url }: LoadOptions) {
    const input = makeInput(rows);
    this.name = name;
    this.project = project;
    this.expected = input.expected;
    this.#server = server;
    project.write(`${name}.csv`, input.text);
    project.write("pause.ts", TRANSFORM);
    this.job = project.job({
      name,
      source: { type: "file", path: `${name}.csv` },
      columns: { id: "int", amount: "decimal" },
      transform: "./pause.ts",
      sink: { type: "postgres", url: url ?? server.url(), table: name },
      ...SMALL,
      ...job,
    });
  }

  /** Writes the job and its file, and makes its table; another deployment may have made it. */
  static async create(project: Project, server: EmbeddedPostgres, options: LoadOptions): Promise<Load> {
    await server.query(`create table if not exists ${options.name} (id int, name text, amount numeric(12, 2))`);
    return new Load(project, server, options);
  }

  /** Starts the job. */
  start(environment: Environment = {}, ...args: string[]): CommandLine {
    return this.project.start(["run", this.job, "--json", ...args], environment);
  }

  /** Runs the job to its end. */
  run(...args: string[]): Promise<Ended> {
    return this.start({}, ...args).ended;
  }

  /** Starts a slow run and waits until some of it is committed. */
  async caught(environment: Environment = SLOWLY): Promise<CommandLine> {
    const running = this.start(environment);
    await until(`${this.name} commits something`, async () => {
      if (running.over) throw new TypeError(`it ended before it was caught: ${running.err}`);
      return (await this.committed()) > 0 || undefined;
    });
    return running;
  }

  /** Source records whose effect is durable. */
  async committed(): Promise<number> {
    const { read } = await this.#ledger();
    return read;
  }

  /** What became of it. */
  async loaded(): Promise<Loaded> {
    const rows = await this.#server.query(`select id, name, amount::text from ${this.name} order by id, name`);
    const lines = rows.map(({ id, name, amount }) => JSON.stringify([id, name, amount]));
    return {
      rows: rows.length,
      digest: digestOf(lines),
      rejects: await this.#rejects(),
      ledger: await this.#ledger(),
    };
  }

  async #rejects(): Promise<Loaded["rejects"]> {
    const rows = await this.#server.query(
      "select line::int, code, raw from millrace.rejects where job = $1 order by line",
      [this.name],
    );
    return rows as unknown as Loaded["rejects"];
  }

  async #ledger(): Promise<Loaded["ledger"]> {
    const [state] = await this.#server.query("select to_regclass('millrace.progress') is not null as made");
    if (state?.["made"] !== true) return { read: 0, written: 0, rejected: 0 };
    const [row] = await this.#server.query(
      `select coalesce(sum((counts ->> 'read')::int), 0)::int as read,
         coalesce(sum((counts ->> 'written')::int), 0)::int as written,
         coalesce(sum((counts ->> 'rejected')::int), 0)::int as rejected
       from millrace.progress where job = $1`,
      [this.name],
    );
    return row as unknown as Loaded["ledger"];
  }
}

/** Records with quotes and line ends in their fields, and bad ones, with what has to become of each. */
function makeInput(rows: number): { readonly text: string; readonly expected: Loaded } {
  const text = ["id,name,amount\n"];
  const good: string[] = [];
  const rejects: { line: number; code: string; raw: string }[] = [];
  let line = 2;
  for (let id = 0; id < rows; id++) {
    const amount = `${id}.${id % 2 === 0 ? "25" : "50"}`;
    if (id % BAD_EVERY === 1) {
      const raw = `x${id},bad,${amount}`;
      rejects.push({ line, code: "VALUE_INVALID", raw });
      text.push(`${raw}\n`);
      line++;
    } else if (id % 13 === 0) {
      good.push(JSON.stringify([id, `a "b",\n${id}`, amount]));
      text.push(`${id},"a ""b"",\n${id}",${amount}\n`);
      line += 2;
    } else {
      good.push(JSON.stringify([id, `n${id}`, amount]));
      text.push(`${id},n${id},${amount}\n`);
      line++;
    }
  }
  const ledger = { read: rows, written: good.length, rejected: rejects.length };
  return { text: text.join(""), expected: { rows: good.length, digest: digestOf(good), rejects, ledger } };
}

function digestOf(lines: readonly string[]): string {
  return createHash("sha256").update(lines.join("\n")).digest("hex");
}
