/** How long history is kept that lives with the data. */
import { expect, test } from "vitest";
import type { Retention } from "../../../src/core/ports/retention.ts";
import type { BoundSink, SinkWriter } from "../../../src/core/ports/sink.ts";
import { advanceOf, claimSplit, rejectOf, resolveSink, sessionOf, usePostgres } from "../../support/postgres.ts";

const database = usePostgres();

const OLD = "2026-08-01T00:00:00.000Z";
const NOW = "2026-11-22T00:00:00.000Z";
const EVERYTHING: Retention = { runsBefore: NOW, rejectsBefore: NOW, rejectBytes: 0, limit: 100 };
const always = async (): Promise<boolean> => true;

/** A run that has written one record and rejected another. */
async function wrote(sink: BoundSink, run: string, scope: string, end: "finishes" | "is killed"): Promise<void> {
  await using writer: SinkWriter = await sink.open(sessionOf({ run, scope }));
  const progress = await claimSplit(writer, `${run}.csv`);
  const unit = await writer.begin("fast", ["id"]);
  const position = { ordinal: 0n, token: "0" };
  await unit.commit([advanceOf(progress, 1, 1)], [rejectOf({ run, scope, split: `${run}.csv`, position, at: OLD })]);
  if (end === "finishes") await writer.finish();
}

async function kept(schema: string) {
  const names = async (table: string, column: string) =>
    (await database.server.query(`SELECT ${column} AS name FROM ${schema}.${table} ORDER BY 1`)).map(
      ({ name }) => name,
    );
  return {
    runs: await names("runs", "run"),
    splits: await names("progress", "split"),
    rejects: await names("rejects", "run"),
  };
}

test("prune() drops old runs with their positions, and rejects, of what nobody can go on with", async () => {
  await database.server.query("CREATE TABLE pruned (id int)");
  await using sink = await resolveSink({ url: database.server.url(), table: "pruned", stateSchema: "kept" });
  expect(await sink.prune?.("orders", EVERYTHING, always)).toEqual({ runs: 0, rejects: 0 });
  await wrote(sink, "done", "done", "finishes");
  await wrote(sink, "part", "", "finishes");
  await wrote(sink, "killed", "killed", "is killed");
  await wrote(sink, "elsewhere", "elsewhere", "finishes");
  await wrote(sink, "newest", "newest", "finishes");
  await database.server.query(`UPDATE kept.runs SET ended_at = '${OLD}' WHERE ended_at IS NOT NULL`);
  const all = ["done", "elsewhere", "killed", "newest", "part"];
  const young = { ...EVERYTHING, runsBefore: OLD, rejectsBefore: OLD, rejectBytes: 10_000 };
  expect(await sink.prune?.("orders", young, always)).toEqual({ runs: 0, rejects: 0 });
  expect(await sink.prune?.("others", EVERYTHING, always)).toEqual({ runs: 0, rejects: 0 });
  expect(await kept("kept")).toEqual({ runs: all, splits: all.map((run) => `${run}.csv`), rejects: all });

  // One of two sinks may have finished of a run that failed.
  const isOver = async (run: string): Promise<boolean> => run !== "elsewhere";
  expect(await sink.prune?.("orders", EVERYTHING, isOver)).toEqual({ runs: 2, rejects: 3 });
  expect(await kept("kept")).toEqual({
    runs: ["elsewhere", "killed", "newest"],
    splits: ["elsewhere.csv", "killed.csv", "newest.csv", "part.csv"],
    rejects: ["elsewhere", "killed"],
  });
});

test("prune() keeps the newest rejects that have room, and those that a replay has taken", async () => {
  await database.server.query("CREATE TABLE crowded (id int)");
  await using sink = await resolveSink({ url: database.server.url(), table: "crowded", stateSchema: "crowd" });
  await using writer = await sink.open(sessionOf({ run: "run-1" }));
  const progress = await claimSplit(writer);
  const days = ["01", "02", "03", "04"];
  const rejects = days.map((day) =>
    rejectOf({
      at: `2026-10-${day}T00:00:00.000Z`,
      position: { ordinal: 0n, token: day },
      raw: "x".repeat(100),
      message: "",
    }),
  );
  await (await writer.begin("fast", ["id"])).commit([advanceOf(progress, 4, 4)], rejects);
  await writer.finish();
  const room = { ...EVERYTHING, rejectsBefore: OLD, rejectBytes: 250 };
  const [first] = (await sink.rejects?.listRejects({ job: "orders", limit: 1 })) ?? [];
  await sink.rejects?.takeRejects({ job: "orders", ids: [first?.id ?? 0] }, "replay-1");
  expect(await sink.prune?.("orders", room, always)).toEqual({ runs: 0, rejects: 1 });
  const left = (await sink.rejects?.listRejects({ job: "orders", limit: 9 })) ?? [];
  expect(left.map(({ position }) => position.token)).toEqual(["01", "03", "04"]);
});
