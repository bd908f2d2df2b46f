/** A deployment of one's own, a runtime file and its jobs, and the real `millrace daemon` run on it from outside. */
import { type CommandLine, type Ended, type Environment, Project } from "./project.ts";
import { until } from "./until.ts";

/** A run as the API tells it, as far as tests look. */
export interface ToldRun {
  readonly job: string;
  readonly run: string;
  readonly state: string;
  readonly slot: string | null;
  readonly trigger: string;
  readonly resumed?: boolean;
  readonly written?: number;
  readonly error?: { readonly code: string } | null;
}

/** How a job stands, as far as tests look. */
export interface ToldJob {
  readonly job: string;
  readonly state: string;
  readonly paused: string | null;
  readonly next: string | null;
  readonly running: readonly string[];
}

/** An answer of the API. */
export interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

/** A line of the daemon's log. */
export interface DaemonLine {
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** A job as its file has it. */
export interface DeployedJob {
  readonly name: string;
  readonly [key: string]: unknown;
}

const RUNTIME_FILE = "millrace.json";
/** So many runs are told on a page. */
const PAGE = 200;
const LAST_WORDS = 3_000;

/**
 * A folder with a runtime file and job files; disposing it kills its daemons and removes it.
 *
 * @example
 * using deployment = new Deployment();
 * deployment.deploy({ name: "tick", source, sink, trigger });
 * const daemon = await deployment.start();
 */
export class Deployment implements Disposable {
  readonly project = new Project();

  /** @param settings keys of the runtime file beside its jobs; any free port and a state file of its own by default */
  constructor(settings: { readonly [key: string]: unknown } = {}) {
    this.set(settings);
  }

  /** Writes the runtime file. */
  set(settings: { readonly [key: string]: unknown }): void {
    const defaults = { jobs: ["jobs/*.json"], state: { type: "sqlite", path: "state/state.db" }, admin: { port: 0 } };
    this.project.write("jobs/.keep", "");
    this.project.write(RUNTIME_FILE, JSON.stringify({ ...defaults, ...settings }));
  }

  /** Writes a job file. Paths in it start from the folder of jobs. */
  deploy(job: DeployedJob): void {
    this.project.write(`jobs/${job.name}.json`, JSON.stringify(job, null, 1));
  }

  /** Takes a job away. */
  withdraw(name: string): void {
    this.project.remove(`jobs/${name}.json`);
  }

  /** Starts a daemon, and does not wait for it. */
  launch(environment: Environment = {}): Daemon {
    return new Daemon(this.project.start(["daemon", RUNTIME_FILE], environment));
  }

  /** Starts a daemon and waits until it is ready. */
  async start(environment: Environment = {}): Promise<Daemon> {
    const daemon = this.launch(environment);
    await daemon.ready();
    return daemon;
  }

  [Symbol.dispose](): void {
    this.project[Symbol.dispose]();
  }
}

/** A daemon at work, asked over HTTP. */
export class Daemon {
  readonly process: CommandLine;

  constructor(process: CommandLine) {
    this.process = process;
  }

  /** What it has logged, whole lines only. */
  get log(): readonly DaemonLine[] {
    const lines = this.process.err.split("\n").slice(0, -1);
    return lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as DaemonLine);
  }

  /** Where it listens. */
  get url(): string {
    const url = this.log.find(({ msg }) => msg === "ready")?.["url"];
    if (typeof url !== "string") throw new TypeError(`it is not ready: ${this.process.err}`);
    return url;
  }

  /** Waits until it says so. */
  async ready(): Promise<void> {
    await this.until("it is ready", () => this.log.some(({ msg }) => msg === "ready") || undefined);
  }

  /** The status of `/readyz`; 0: nobody listens. */
  async readiness(): Promise<number> {
    return (await fetch(`${this.url}/readyz`).catch(() => undefined))?.status ?? 0;
  }

  async get<T>(path: string): Promise<Answer<T>> {
    return await answerOf(await fetch(this.url + path));
  }

  async post<T>(path: string, body: object = {}): Promise<Answer<T>> {
    const headers = { "content-type": "application/json" };
    return await answerOf(await fetch(this.url + path, { method: "POST", headers, body: JSON.stringify(body) }));
  }

  /** How one job stands. */
  async job(name: string): Promise<ToldJob> {
    return (await this.get<ToldJob>(`/api/jobs/${name}`)).body;
  }

  /** All runs of a job, oldest first. */
  async runs(job: string): Promise<readonly ToldRun[]> {
    const runs: ToldRun[] = [];
    for (let after = ""; ; ) {
      const { body } = await this.get<Page>(`/api/runs?job=${job}&limit=${PAGE}${after}`);
      runs.push(...body.items);
      if (body.next === null) return runs.toReversed();
      after = `&after=${encodeURIComponent(body.next)}`;
    }
  }

  /** Waits for something; a daemon that ends meanwhile is a fault. */
  async until<T>(what: string, look: () => Promise<T | undefined> | T | undefined, withinMs?: number): Promise<T> {
    const lookInto = (): Promise<T | undefined> | T | undefined => {
      if (this.process.over) throw new TypeError("it ended by itself");
      return look();
    };
    try {
      return await until(what, lookInto, withinMs);
    } catch (thrown) {
      const message = `${what} (${String(thrown)}): ${this.process.err.slice(-LAST_WORDS)}`;
      throw new TypeError(message, { cause: thrown });
    }
  }

  /** Waits until the newest run of a job has ended as it is asked. */
  async ran(job: string, state: string): Promise<ToldRun> {
    return await this.until(`a run of ${job} is ${state}`, async () =>
      (await this.runs(job)).findLast((run) => run.state === state),
    );
  }

  /** Sends SIGTERM and waits for the end. */
  async stop(): Promise<Ended> {
    this.process.kill("SIGTERM");
    return await this.process.ended;
  }

  /** Sends SIGKILL and waits until it is gone. */
  async kill(): Promise<Ended> {
    this.process.kill("SIGKILL");
    return await this.process.ended;
  }
}

interface Page {
  readonly items: readonly ToldRun[];
  readonly next: string | null;
}

async function answerOf<T>(response: Response): Promise<Answer<T>> {
  return { status: response.status, body: (await response.json()) as T };
}
