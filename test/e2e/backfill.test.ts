/** `millrace backfill`: real runs of many slots. */
import { expect, test } from "vitest";
import { Project } from "../support/project.ts";

test("millrace backfill writes what belongs to each slot once, and goes on where it failed", async () => {
  using project = new Project();
  for (const day of [20, 22]) project.write(`in/2026-11-${day}.csv`, `id\n${day}\n`);
  const file = project.job({
    source: { type: "file", path: "in/${slot.date}.csv" },
    sink: { type: "file", path: "out/{part}.jsonl", mode: "append" },
    trigger: { type: "cron", schedule: "0 2 * * *", timezone: "Europe/Berlin" },
  });
  const command = ["backfill", file, "--from", "2026-11-20", "--to", "2026-11-23", "--json", "--quiet"];
  const states = (out: string): unknown =>
    (JSON.parse(out) as { slots: { state: string }[] }).slots.map(({ state }) => state);

  const first = await project.run(command);
  expect([first.code, states(first.out)]).toEqual([2, ["succeeded", "failed", "open"]]);
  project.write("in/2026-11-21.csv", "id\n21\n");
  const second = await project.run(command);
  expect([second.code, states(second.out)]).toEqual([0, ["done", "succeeded", "succeeded"]]);
  const third = await project.run(command);
  expect([third.code, states(third.out)]).toEqual([0, ["done", "done", "done"]]);

  const written = ["00000", "00001", "00002"].flatMap((part) => project.readLines<{ id: string }>(`out/${part}.jsonl`));
  expect(written.map(({ id }) => id)).toEqual(["20", "21", "22"]);
});
