import { appendFileSync, copyFileSync, existsSync, renameSync, statSync, truncateSync, writeFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { IncrementalRuns, replaceByNew } from "../support/incremental-runs.ts";
import { bareFormat, Folder, sourceContext } from "../unit/connectors/file-support.ts";

type Step = "line" | "half" | "lines" | "rename" | "copytruncate" | "drop" | "file" | "run";

/** A program that logs, a rotation beside it, and a job that reads the log incrementally. */
class Logging {
  readonly written: string[] = [];
  readonly read: string[] = [];
  readonly #folder: Folder;
  readonly #runs: IncrementalRuns;
  #next = 0;
  #half = "";
  #rotated = 0;

  constructor(folder: Folder) {
    this.#folder = folder;
    this.#runs = new IncrementalRuns("app.log*", sourceContext(folder.path, { format: bareFormat }));
    this.#append("");
  }

  async take(step: Step): Promise<void> {
    const log = this.#folder.at("app.log");
    if (step === "line") this.#line(0);
    else if (step === "lines") for (let i = 0; i < 40; i++) this.#line(i);
    else if (step === "half") this.#startLine();
    else if (step === "file") this.#separate();
    else if (step === "run") await this.run();
    else if (this.#half === "") await this.#rotate(step, log);
  }

  async run(): Promise<void> {
    const read = await this.#runs.run();
    this.read.push(...Object.values(read).flatMap((text) => text.split("\n").filter(Boolean)));
  }

  #line(pad: number): void {
    this.#startLine();
    this.#append(`${"x".repeat(pad)}\n`);
    this.written.push(this.#half + "x".repeat(pad));
    this.#half = "";
  }

  #startLine(): void {
    if (this.#half !== "") return;
    this.#half = `${this.#next++}:`;
    this.#append(this.#half);
  }

  #separate(): void {
    const line = `${this.#next++}:apart`;
    writeFileSync(this.#folder.at(`app.log-${this.#next}`), `${line}\n`);
    this.written.push(line);
  }

  /** What a rotation throws away must have been read: to lose it is the rotation's fault and nobody else's. */
  async #rotate(step: "rename" | "copytruncate" | "drop", log: string): Promise<void> {
    if (step !== "rename") await this.run();
    const old = this.#folder.at(`old-${this.#rotated++}`);
    if (step === "copytruncate") {
      // It is known by being shorter than what was read of it.
      if (statSync(log).size < 100) return;
      copyFileSync(log, old);
      truncateSync(log);
      this.#line(0);
      return await this.run();
    }
    if (step === "rename") this.#shift(log);
    else return replaceByNew(log, "");
    writeFileSync(log, "");
  }

  #shift(log: string): void {
    for (let i = 8; i > 0; i--) if (existsSync(`${log}.${i}`)) renameSync(`${log}.${i}`, `${log}.${i + 1}`);
    renameSync(log, `${log}.1`);
  }

  #append(text: string): void {
    appendFileSync(this.#folder.at("app.log"), text);
  }
}

describe("an incremental file source", () => {
  test("reads every line once, whatever a rotation does to its files", async () => {
    const steps = fc.array(
      fc.constantFrom<Step>("line", "lines", "half", "rename", "copytruncate", "drop", "file", "run", "run"),
      { maxLength: 25 },
    );
    await fc.assert(
      fc.asyncProperty(steps, async (taken) => {
        using folder = new Folder();
        const logging = new Logging(folder);
        for (const step of taken) await logging.take(step);
        await logging.run();
        expect(logging.read.toSorted()).toEqual(logging.written.toSorted());
      }),
      { numRuns: 150 },
    );
  });
});
