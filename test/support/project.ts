/** A folder of a user's own, and the real command line run in it as a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Reject } from "../../src/core/reject.ts";
import type { RunSummary } from "../../src/core/summary.ts";

const root = path.resolve(import.meta.dirname, "../..");
const main = path.join(root, "src/cli/main.ts");

/** Node keeps there what it has made of our sources, so that the next process starts in half the time. */
const NODE_COMPILE_CACHE = path.join(root, ".cache/compiled");

/** How the command line ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** Environment variables beside PATH, which is the only one that is handed on. */
export interface Environment {
  readonly [name: string]: string;
}

/**
 * A folder with a job, its data and its state; disposing it ends what still runs there and removes it.
 *
 * @example
 * using project = new Project();
 * project.write("in.csv", "id\n1\n");
 * const ended = await project.run(["run", project.job({ source, sink }), "--json"]);
 */
export class Project implements Disposable {
  readonly folder: string;
  readonly #running = new Set<CommandLine>();

  constructor() {
    this.folder = mkdtempSync(path.join(os.tmpdir(), "millrace-project-"));
    chmodSync(this.folder, 0o755);
  }

  path(name: string): string {
    return path.join(this.folder, name);
  }

  exists(name: string): boolean {
    return existsSync(this.path(name));
  }

  read(name: string): string {
    return readFileSync(this.path(name), "utf8");
  }

  /** The values of a file of JSON lines; none where there is no file. */
  readLines<T = Reject>(name: string): T[] {
    if (!this.exists(name)) return [];
    const lines = this.read(name).split("\n").filter(Boolean);
    return lines.map((line) => JSON.parse(line) as T);
  }

  /** Writes a file, with the folders it lies in. */
  write(name: string, content: string | Uint8Array): string {
    mkdirSync(path.dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), content);
    return name;
  }

  remove(name: string): void {
    rmSync(this.path(name), { recursive: true });
  }

  /** Writes a job file. */
  job(config: { readonly name?: string; readonly [key: string]: unknown }): string {
    const { name = "load" } = config;
    return this.write(`${name}.json`, JSON.stringify({ ...config, name }, null, 1));
  }

  /** Runs `millrace args` to its end. */
  run(args: readonly string[], environment: Environment = {}): Promise<Ended> {
    return this.start(args, environment).ended;
  }

  /** Runs a job to its end and reads the object it prints. */
  async summaryOf(
    args: readonly string[],
    environment: Environment = {},
  ): Promise<Ended & { readonly summary: RunSummary }> {
    const ended = await this.run(["run", ...args, "--json"], environment);
    if (ended.out === "") throw new TypeError(`no summary, exit code ${ended.code}: ${ended.err}`);
    return { ...ended, summary: JSON.parse(ended.out) as RunSummary };
  }

  /** Starts `millrace args`. */
  start(args: readonly string[], environment: Environment = {}): CommandLine {
    const child = spawn(process.execPath, [main, ...args], {
      cwd: this.folder,
      env: { PATH: process.env["PATH"] ?? "", NODE_COMPILE_CACHE, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const commandLine = new CommandLine(child);
    this.#running.add(commandLine);
    void commandLine.ended.finally(() => this.#running.delete(commandLine));
    return commandLine;
  }

  [Symbol.dispose](): void {
    for (const running of this.#running) running.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The command line at work. */
export class CommandLine {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  readonly #text = { out: "", err: "" };

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.setEncoding("utf8").on("data", (part: string) => (this.#text.out += part));
    child.stderr?.setEncoding("utf8").on("data", (part: string) => (this.#text.err += part));
    const { promise, resolve, reject } = Promise.withResolvers<Ended>();
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, ...this.#text }));
    this.ended = promise;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** What it has written to stderr until now. */
  get err(): string {
    return this.#text.err;
  }

  get over(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}
