/**
 * A load into a table, into files, or by `route` into both at once, whose end is known byte by byte: whatever happened on
 * the way, each record took effect exactly once.
 */
import { readdirSync, readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { expect } from "vitest";
import type { RunSummary } from "../../src/core/summary.ts";
import type { EmbeddedPostgres } from "./embedded-postgres.ts";
import type { CommandLine, Environment, Project } from "./project.ts";
import { until } from "./until.ts";

/** Where the records go. */
export type Destination = "postgres" | "files" | "both";

/** All of them. */
export const DESTINATIONS: readonly Destination[] = ["postgres", "files", "both"];

/** How a load differs from the usual one. */
export interface ChaosLoadOptions {
  readonly into: Destination;
  readonly rows: number;
  /** The server as the job sees it, where something stands between. */
  readonly url?: string;
  /** Runs, leases and the positions of files in the server, too, instead of in a file beside the job. */
  readonly stateInPostgres?: boolean;
  /** The file into which rejects go; the default place when absent. */
  readonly rejects?: string;
  /** Other keys of the job. */
  readonly job?: { readonly [key: string]: unknown };
  /** Other keys of the sink that is a table. */
  readonly sink?: { readonly [key: string]: unknown };
}

/** One record in so many has an id that is none. */
const BAD_EVERY = 97;

/** Every third record goes to both. */
const TO_TABLE = (id: number): boolean => id % 3 === 0 || id % 2 === 0;
const TO_FILES = (id: number): boolean => id % 3 === 0 || id % 2 === 1;

/** Waits over each record as long as a file is there, so that a test gets at a run while it is under way. */
const TRANSFORM = `import { existsSync } from "node:fs";
const cell = new Int32Array(new SharedArrayBuffer(4));
const slowly = process.env["SLOWLY_WHILE"];
export default (record) => {
  if (slowly !== undefined && existsSync(slowly)) Atomics.wait(cell, 0, 0, 1);
  return record;
};
`;
const ROUTE = `export const route = ({ id }) => (id % 3 === 0 ? ["sink", "files"] : id % 2 === 0 ? "sink" : "files");\n`;

const STATE = ".millrace/state.db";
const STATE_SCHEMA = "chaos_state";

/** One load. */
export class ChaosLoad {
  readonly job: string;
  readonly project: Project;
  readonly #server: EmbeddedPostgres;
  readonly #options: ChaosLoadOptions;
  /** Of the job and of its table. */
  readonly name: string;

  private constructor(project: Project, server: EmbeddedPostgres, options: ChaosLoadOptions, name: string) {
    const { into, job = {}, url = server.url(), sink = {}, rejects } = options;
    this.project = project;
    this.#server = server;
    this.#options = options;
    this.name = name;
    project.write("in.csv", `id,name\n${Array.from({ length: options.rows }, (_, id) => lineOf(id)).join("")}`);
    project.write("transform.ts", into === "both" ? TRANSFORM + ROUTE : TRANSFORM);
    const table = { type: "postgres", url, table: name, ...sink };
    const files = { type: "file", path: "out/{part}.jsonl", rotate: { records: 1_500 } };
    this.job = project.job({
      name,
      source: { type: "file", path: "in.csv" },
      columns: { id: "int" },
      transform: "./transform.ts",
      ...(into === "both" ? { sinks: { sink: table, files } } : { sink: into === "files" ? files : table }),
      chunk: { size: "2KiB" },
      commit: { bytes: "4KiB", interval: "20ms" },
      ...(rejects !== undefined && { rejects: { type: "file", path: rejects } }),
      ...job,
    });
  }

  /** Writes the job and its file, and makes its table. */
  static async create(project: Project, server: EmbeddedPostgres, options: ChaosLoadOptions): Promise<ChaosLoad> {
    const name = `chaos${crypto.randomUUID().slice(0, 8)}`;
    await server.query(`create table ${name} (id int, name text)`);
    return new ChaosLoad(project, server, options, name);
  }

  /** Starts the job. */
  start(environment: Environment = {}): CommandLine {
    const { stateInPostgres = false } = this.#options;
    const state = stateInPostgres ? [`--state=${this.#server.url()}?stateSchema=${STATE_SCHEMA}`] : [];
    return this.project.start(["run", this.job, "--json", ...state], environment);
  }

  /** Starts a run that is slow until it is told to hurry, and waits until some of it is committed. */
  async caught(): Promise<CommandLine> {
    const running = this.start({ SLOWLY_WHILE: this.project.path(this.project.write("slowly", "")) });
    const before = await this.committed();
    await until("something is committed", async () => {
      if (running.over) throw new TypeError(`it ended before it was caught: ${running.err}`);
      return (await this.committed()) > before || undefined;
    });
    return running;
  }

  /** Lets a slow run end at its full speed. */
  hurry(): void {
    this.project.remove("slowly");
  }

  /** Source records whose effect is durable in the sink that is furthest. */
  async committed(): Promise<number> {
    const [kept] = await this.#ask(
      "SELECT max(read) AS read FROM progress",
      `select max((counts ->> 'read')::int) as read from ${STATE_SCHEMA}.progress where job = '${this.name}'`,
    );
    const [made] = await this.#server.query("select to_regclass('millrace.progress') is not null as made");
    if (made?.["made"] !== true) return Number(kept?.["read"] ?? 0);
    const [table] = await this.#server.query(
      "select coalesce(sum((counts ->> 'read')::int), 0)::int as read from millrace.progress where job = $1",
      [this.name],
    );
    return Math.max(Number(kept?.["read"] ?? 0), Number(table?.["read"]));
  }

  /** Whether its newest run has succeeded: one more would load everything again. */
  async succeeded(): Promise<boolean> {
    return (await this.#newestRun())?.["state"] === "succeeded";
  }

  /** Makes all leases run out at once, as if their owners had stood still for longer than they hold. */
  async expireLeases(): Promise<void> {
    if (this.#options.stateInPostgres === true) {
      await this.#server.query(`update ${STATE_SCHEMA}.leases set until = now()`);
      return;
    }
    using database = new DatabaseSync(this.project.path(STATE));
    database.exec("UPDATE leases SET until = 0");
  }

  /** Holds everything to what it has to be: rows, files, rejects and the figures of the run's last end. */
  async assertExact(): Promise<void> {
    const { into, rows } = this.#options;
    const bad = this.#ids(isBad);
    const toTable = into === "files" ? [] : this.#ids((id) => !isBad(id) && (into === "postgres" || TO_TABLE(id)));
    const toFiles = into === "postgres" ? [] : this.#ids((id) => !isBad(id) && (into === "files" || TO_FILES(id)));
    const table = await this.#server.query(`select id, name from ${this.name} order by id`);
    const shown = table.map(({ id, name }) => JSON.stringify({ id, name }));
    expect(firstDifference(shown, toTable.map(recordOf)), "the table").toBeUndefined();
    expect(firstDifference(this.#filesText().split("\n"), [...toFiles.map(recordOf), ""]), "the files").toBeUndefined();
    expect(await this.#rejects(), "the rejects").toEqual(bad.map((id) => lineOf(id).trimEnd()));

    const summary = JSON.parse(String((await this.#newestRun())?.["summary"])) as RunSummary;
    const common = { read: rows, rejected: bad.length, folded: 0 };
    const figures = (written: number) => ({ ...common, written, filtered: rows - bad.length - written });
    expect(summary).toMatchObject({ state: "succeeded", balanced: true, error: null });
    if (into === "both")
      expect(summary.sinks).toMatchObject({ sink: figures(toTable.length), files: figures(toFiles.length) });
    else expect(summary).toMatchObject(figures(toTable.length + toFiles.length));
  }

  #ids(which: (id: number) => boolean): readonly number[] {
    return Array.from({ length: this.#options.rows }, (_, id) => id).filter(which);
  }

  /** Of all files in the order of their names; an unfinished one left behind is a fault. */
  #filesText(): string {
    if (this.#options.into === "postgres") return "";
    const names = readdirSync(this.project.path("out")).toSorted();
    expect(names.filter((name) => !/^\d+\.jsonl$/.test(name))).toEqual([]);
    return names.map((name) => readFileSync(this.project.path(`out/${name}`), "utf8")).join("");
  }

  /** Where the job does not say, they lie beside a table by itself, else in the state store. */
  async #rejects(): Promise<readonly unknown[]> {
    const { into, rejects } = this.#options;
    if (rejects !== undefined) return this.project.readLines(rejects).map(({ raw }) => raw);
    if (into !== "postgres") {
      const kept = await this.#ask(
        "SELECT raw FROM rejects ORDER BY ordinal",
        `select raw from ${STATE_SCHEMA}.rejects where job = '${this.name}' order by ordinal`,
      );
      return kept.map(({ raw }) => raw);
    }
    const rows = await this.#server.query("select raw from millrace.rejects where job = $1 order by ordinal", [
      this.name,
    ]);
    return rows.map(({ raw }) => raw);
  }

  async #newestRun(): Promise<Readonly<Record<string, unknown>> | undefined> {
    const [newest] = await this.#ask(
      "SELECT state, summary FROM runs ORDER BY seq DESC LIMIT 1",
      `select state, summary from ${STATE_SCHEMA}.runs where job = '${this.name}' order by seq desc limit 1`,
    );
    return newest;
  }

  /** Asks the state; nothing while there is none. */
  async #ask(query: string, inPostgres: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    if (this.#options.stateInPostgres === true) {
      const [state] = await this.#server.query(`select to_regclass('${STATE_SCHEMA}.taken') is not null as made`);
      return state?.["made"] === true ? this.#server.query(inPostgres) : [];
    }
    if (!this.project.exists(STATE)) return [];
    using database = new DatabaseSync(this.project.path(STATE), { readOnly: true, timeout: 5_000 });
    const tables = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'rejects'").all();
    return tables.length === 0 ? [] : database.prepare(query).all();
  }
}

const isBad = (id: number): boolean => id % BAD_EVERY === 1;

/** With quotes and line ends in some fields. */
function nameOf(id: number): string {
  return id % 13 === 0 ? `a "b",\n${id}` : `n${id}`;
}

function lineOf(id: number): string {
  return `${isBad(id) ? "x" : ""}${id},${id % 13 === 0 ? `"${nameOf(id).replaceAll('"', '""')}"` : nameOf(id)}\n`;
}

/** As it stands in a file. */
function recordOf(id: number): string {
  return JSON.stringify({ id, name: nameOf(id) });
}

/** Thousands of rows are not to be printed because one of them is wrong. */
function firstDifference(found: readonly string[], expected: readonly string[]): string | undefined {
  const at = Array.from({ length: Math.max(found.length, expected.length) }, (_, i) => i).find(
    (i) => found[i] !== expected[i],
  );
  if (at === undefined) return undefined;
  return `number ${at} of ${found.length} is ${found[at]}, but number ${at} of ${expected.length} has to be ${expected[at]}`;
}
