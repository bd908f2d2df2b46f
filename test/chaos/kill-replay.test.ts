/**
 * kill -9 of replays, at steps all over them: whatever was rejected is written once or is still a reject, with as many
 * attempts as replays have ended. `KILLS=100` for the long form.
 */
import path from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import type { Reject } from "../../src/core/reject.ts";
import { usePostgres } from "../support/postgres.ts";
import { Project } from "../support/project.ts";

const postgres = usePostgres();
const KILLS = Number(process.env["KILLS"] ?? 6);
/** More than a replay takes here, so that some kills miss and a new replay begins behind one that has ended. */
const STEPS = 70;
const RECORDS = 120;
const killer = pathToFileURL(path.resolve(import.meta.dirname, "../support/fixtures/kill-at-nth.ts")).href;

/** Every second record is bad at first; of these every fifth stays so, and every seventh is too much for the table. */
const isBad = (id: number): boolean => id % 2 === 1;
const staysBad = (id: number): boolean => isBad(id) && id % 5 === 0;
const isTooMuch = (id: number): boolean => id % 7 === 0;
const IDS = Array.from({ length: RECORDS }, (_, id) => id);

const transform = (bad: string): string => `export default (o, c) => (${bad} ? c.reject("bad") : o);\n`;

describe.each([
  ["beside the data and in the state store", { archive: { type: "file", path: "out.jsonl" } }, {}],
  ["in a file", {}, { rejects: { type: "file", path: "bad.jsonl" } }],
])("replays of rejects %s", (_, others, job) => {
  const name = "archive" in others ? "killed_two" : "killed_one";

  test("that are killed write every record once", async () => {
    await postgres.server.query(`CREATE TABLE ${name} (id int CHECK (id % 7 <> 0), text text)`);
    using project = new Project();
    project.write("in.jsonl", IDS.map((id) => JSON.stringify({ id, text: `n${id}` })).join("\n"));
    project.write("t.mjs", transform("o.id % 2 === 1"));
    const file = project.job({
      name: name.replace("_", "-"),
      source: { type: "file", path: "in.jsonl" },
      transform: "t.mjs",
      errors: { maxRejectRate: 1 },
      commit: { bytes: "1KiB", interval: "5ms" },
      chunk: { size: "1KiB" },
      sinks: { table: { type: "postgres", url: postgres.server.url(), table: name }, ...others },
      ...job,
    });
    const first = await project.summaryOf([file]);
    expect(first.summary, first.err).toMatchObject({ state: "succeeded", balanced: true });

    project.write("t.mjs", transform("o.id % 10 === 5"));
    let [killed, ended] = [0, 0];
    for (let kill = 0; kill < KILLS; kill++) {
      const at = 1 + ((kill * 13) % STEPS);
      const environment = {
        NODE_OPTIONS: `--import ${killer}`,
        KILL_AT: `${at}:${kill % 2 === 0 ? "after" : "before"}`,
      };
      const { code, signal, err } = await project.run(["rejects", "replay", file, "--json", "--quiet"], environment);
      expect(signal === "SIGKILL" || code === 0, err).toBe(true);
      if (signal === "SIGKILL") killed++;
      else ended++;
    }
    expect(killed).toBeGreaterThan(KILLS / 3);
    const last = await project.run(["rejects", "replay", file, "--json", "--quiet"]);
    expect(last.code, last.err).toBe(0);

    const rows = await postgres.server.query(`SELECT id FROM ${name} ORDER BY id`);
    expect(rows.map(({ id }) => id)).toEqual(IDS.filter((id) => !staysBad(id) && !isTooMuch(id)));
    if ("archive" in others) {
      const ids = project.readLines<{ id: number }>("out.jsonl").map(({ id }) => id);
      expect(ids.toSorted((a, b) => a - b)).toEqual(IDS.filter((id) => !staysBad(id)));
    }
    const exported = await project.run(["rejects", "export", file]);
    const rejects = exported.out
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Reject);
    const left = rejects.map(({ raw }) => (JSON.parse(raw) as { id: number }).id).toSorted((a, b) => a - b);
    expect(left).toEqual(IDS.filter((id) => staysBad(id) || isTooMuch(id)));
    const attempts = new Set(rejects.filter(({ stage }) => stage === "transform").map((reject) => reject.attempts));
    expect([...attempts]).toHaveLength(1);
    expect([...attempts][0]).toBeGreaterThanOrEqual(ended + 2);
    expect(await postgres.server.query("SELECT * FROM millrace.taken")).toEqual([]);
  }, 300_000);
});
