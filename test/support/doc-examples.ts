/**
 * Runs the examples of a page of documentation, in a folder of their own and in the page's order.
 *
 * What a fence says behind its language decides: `ts` runs; `file=NAME` (any language) is written into the folder instead;
 * `needs=postgres` runs only where there is one; `no-run` is shown only. A `text` fence right behind an example is what it
 * prints. Examples import `millrace`, `millrace/streams`, ... and find the sources.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

/** One example that was run. */
export interface RanExample {
  /** Its line in the page. */
  readonly line: number;
  readonly printed: string;
  /** What the page says that it prints; undefined where it says nothing. */
  readonly expected: string | undefined;
}

/** What a page's examples find. */
export interface ExampleSurroundings {
  /** What is there, by the word of `needs=`. */
  readonly has?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

interface Fence {
  readonly line: number;
  readonly language: string;
  readonly words: readonly string[];
  readonly body: string;
}

const HOOKS = pathToFileURL(path.join(import.meta.dirname, "fixtures/doc-examples-hooks.ts")).href;
/** Stands in the output before each example; nothing prints it by chance. */
const BORDER = "\u0001example ";

/** Runs all examples of a page; rejects with what an example throws. */
export async function runExamples(
  page: string,
  { has = [], env = {} }: ExampleSurroundings = {},
): Promise<readonly RanExample[]> {
  const fences = fencesOf(readFileSync(page, "utf8"));
  const folder = mkdtempSync(path.join(os.tmpdir(), "millrace-examples-"));
  try {
    for (const fence of fences) {
      const file = word(fence, "file");
      if (file !== undefined) writeFileSync(path.join(folder, file), fence.body);
    }
    const examples = fences.filter((fence) => isRun(fence, has));
    const names = examples.map(({ line, body }) => {
      const name = `line-${line}.ts`;
      writeFileSync(path.join(folder, name), body);
      return name;
    });
    const driver = names.map((name) => `console.log("${BORDER}"); await import("./${name}");`).join("\n");
    writeFileSync(path.join(folder, "driver.ts"), driver);
    const options = { cwd: folder, env: { ...process.env, ...env }, timeout: 120_000 };
    const { stdout } = await promisify(execFile)(process.execPath, ["--import", HOOKS, "driver.ts"], options);
    const printed = stdout.split(`${BORDER}\n`).slice(1);
    return examples.map((fence, at) => ({
      line: fence.line,
      printed: (printed[at] ?? "").trim(),
      expected: expectedOf(fence, fences),
    }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function fencesOf(text: string): readonly Fence[] {
  const fences: Fence[] = [];
  const pattern = /^```(?<language>\w+)(?<words>[^\n]*)\n(?<body>[\s\S]*?)^```$/gm;
  for (const { groups = {}, index } of text.matchAll(pattern)) {
    const { language = "", words = "", body = "" } = groups;
    const line = text.slice(0, index).split("\n").length;
    fences.push({ line, language, words: words.trim().split(/\s+/), body });
  }
  return fences;
}

function isRun(fence: Fence, has: readonly string[]): boolean {
  const needs = word(fence, "needs");
  const shown = fence.words.includes("no-run") || word(fence, "file") !== undefined;
  return fence.language === "ts" && !shown && (needs === undefined || has.includes(needs));
}

function expectedOf(example: Fence, fences: readonly Fence[]): string | undefined {
  const next = fences[fences.indexOf(example) + 1];
  return next?.language === "text" && word(next, "file") === undefined ? next.body.trim() : undefined;
}

function word({ words }: Fence, name: string): string | undefined {
  return words.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
}
