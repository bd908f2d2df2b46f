/** One process of several that read the same topics: the real command line, in a folder with a state of its own. */
import path from "node:path";
import { pathToFileURL } from "node:url";
import { expect } from "vitest";
import type { RunSummary } from "../../../src/core/summary.ts";
import { type CommandLine, type Ended, type Environment, Project } from "../project.ts";
import { until } from "../until.ts";

const meter = pathToFileURL(path.resolve(import.meta.dirname, "../fixtures/process-meter.ts")).href;
const METER_FILE = "meter.jsonl";

/** What a process has used so far. */
export interface MeterReading {
  readonly cpuMs: number;
  /** Since its start. */
  readonly upMs: number;
  readonly rssBytes: number;
}

/** The exit code of a run that was ended by SIGTERM. */
const TERMINATED = 143;

/** A line of the run's log. */
export interface LogLine {
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** A job file. */
export interface JobFile {
  readonly name: string;
  readonly [key: string]: unknown;
}

/** May be started again and again. Disposing kills it. */
export class Replica implements Disposable {
  readonly job: string;
  readonly project = new Project();
  #running: CommandLine | undefined;

  constructor(job: JobFile) {
    this.job = this.project.job(job);
  }

  /** The process; of the last start. */
  get running(): CommandLine {
    if (this.#running === undefined) throw new TypeError("the replica was never started");
    return this.#running;
  }

  /** What it has told programs so far, whole lines only: it may have been killed in the middle of one. */
  get log(): readonly LogLine[] {
    const lines = this.running.err.split("\n").slice(0, -1);
    return lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as LogLine);
  }

  /** The splits of each share that it had. */
  get shares(): readonly (readonly string[])[] {
    return this.log.filter(({ msg }) => msg === "share taken").map(({ ids }) => String(ids).split(" "));
  }

  start(environment: Environment = {}): this {
    const metered = { NODE_OPTIONS: `--import ${meter}`, METER_FILE: this.project.path(METER_FILE) };
    this.#running = this.project.start(["run", this.job, "--json"], { ...metered, ...environment });
    return this;
  }

  /** What the process has used until now. */
  async read(): Promise<MeterReading> {
    const readings = (): readonly MeterReading[] => this.project.readLines<MeterReading>(METER_FILE);
    const before = readings().length;
    this.running.kill("SIGUSR2");
    return await until("it reads its meter", () => readings()[before]);
  }

  /** The process has to be alive until now. */
  async kill(): Promise<void> {
    expect(this.running.over, this.running.err).toBe(false);
    this.running.kill("SIGKILL");
    await this.running.ended;
  }

  /** Ends it in order. Not before its run has begun: without one there is no summary. */
  async leave(): Promise<Ended & { readonly summary: RunSummary }> {
    await until(
      "its run begins",
      () => this.running.over || this.log.some(({ msg }) => msg === "run started") || undefined,
    );
    this.running.kill("SIGTERM");
    const ended = await this.running.ended;
    expect(ended.code, ended.err).toBe(TERMINATED);
    return { ...ended, summary: JSON.parse(ended.out) as RunSummary };
  }

  /** Waits until its newest share has so many splits. */
  async owns(count: number): Promise<void> {
    await until(`it owns ${count} splits`, () => {
      if (this.running.over) throw new TypeError(`it ended by itself: ${this.running.err}`);
      return this.shares.at(-1)?.length === count || undefined;
    });
  }

  [Symbol.dispose](): void {
    this.project[Symbol.dispose]();
  }
}
