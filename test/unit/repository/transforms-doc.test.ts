/** The samples of docs/transforms.md are what they say. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { readFixtures } from "../../../src/cli/fixtures/fixture-file.ts";
import { recordOf } from "../../../src/cli/fixtures/fixture-record.ts";
import { verdictOf } from "../../../src/cli/fixtures/verdict.ts";
import { loadJob } from "../../../src/config/load.ts";
import { systemClock } from "../../../src/core/clock.ts";
import type { TaskRunner, TaskSpec } from "../../../src/core/task.ts";
import { formatByName } from "../../../src/formats/catalog.ts";
import { describe } from "../../../src/pipeline/describe.ts";
import { fieldByField } from "../../../src/pipeline/field-by-field.ts";
import { RecordTrial } from "../../../src/pipeline/record-trial.ts";
import { TaskThread } from "../../../src/task/task-thread.ts";

const root = path.resolve(import.meta.dirname, "../../..");
const text = readFileSync(path.join(root, "docs/transforms.md"), "utf8");
const SAMPLE =
  /```yaml\n(?<job>.*?)```\n```ts file=(?<name>\w+)\.ts\n(?<module>.*?)```\n```jsonl\n(?<fixtures>.*?)```/gs;
const samples = Array.from(text.matchAll(SAMPLE), ({ groups = {} }) => groups);

// inside the repository, where the samples' imports are found
mkdirSync(path.join(root, ".cache"), { recursive: true });
const folder = mkdtempSync(path.join(root, ".cache/samples-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The threads' code in this thread: here `millrace` is the sources. */
function startHere(spec: TaskSpec): TaskRunner {
  const tools = { format: formatByName, busyClock: () => 0, clock: systemClock };
  const thread = TaskThread.create(spec, tools);
  return {
    run: async (task) => (await thread).run(task, { at: () => {}, beat: () => {} }),
    close: async () => (await thread).close(),
    destroy: async () => {},
  };
}

test("docs/transforms.md has a sample of every mode", () => {
  expect(samples.map(({ name }) => name)).toEqual(["orders", "checked", "chunks", "vectors", "rates"]);
});

test.each(samples)(
  "docs/transforms.md: $name.ts does what its fixtures say",
  async ({ name, job, module, fixtures }) => {
    const file = (extension: string): string => path.join(folder, `${name}.${extension}`);
    const ends = "source: { type: file, path: in.csv }\nsink: { type: file, path: out.jsonl }\n";
    writeFileSync(file("yaml"), `name: sample\n${ends}${job}`);
    writeFileSync(file("ts"), module ?? "");
    writeFileSync(file("test.jsonl"), fixtures ?? "");
    const plan = describe(await loadJob(file("yaml"), { params: {}, slot: null, environment: {} }));
    await using trial = new RecordTrial(plan, fieldByField(plan.decode), startHere);
    for (const fixture of await readFixtures(file("test.jsonl"), "fixtures")) {
      const outcome = await trial.try(await recordOf(fixture.input, plan, systemClock, "fixture"));
      expect(verdictOf(fixture, outcome), `fixture ${fixture.line}`).toEqual([]);
    }
  },
);
