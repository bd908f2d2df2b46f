import { expect, test } from "vitest";
import type { SinkMemory } from "../../../../../src/core/ports/sink.ts";
import { NO_COUNTS } from "../../../../../src/core/ledger.ts";
import { originPosition } from "../../../../../src/core/position.ts";
import { sinkMemory } from "../../../../../src/pipeline/sink-memory.ts";
import { openMemoryStore } from "../../../../../src/state/memory.ts";
import { FROM_THE_START, openWriter, rowsOf, ScriptedServer } from "./scripted-server.ts";

const KEY = { job: "push", scope: "run-1", sink: "sink" };
const { split } = FROM_THE_START;

function numbered(from: number, to: number): { readonly id: number }[] {
  return Array.from({ length: to - from }, (_, index) => ({ id: from + index }));
}

async function memoryOf(state: ReturnType<typeof openMemoryStore>): Promise<SinkMemory> {
  return sinkMemory(state, KEY, await state.claim(KEY, [{ split, origin: originPosition("0") }]));
}

test("a unit of batches is midway while it ends within what an earlier process may have sent, and no longer", async () => {
  await using state = openMemoryStore();
  const server = new ScriptedServer();
  const batch = { records: 4 };
  const first = await openWriter({ batch }, { server, memory: await memoryOf(state) });
  const lost = await first.begin("fast", null);
  await lost.write(rowsOf(numbered(0, 6)), FROM_THE_START);
  expect(lost.midway).toBe(false);
  await lost.answers?.();
  const second = await openWriter({ batch }, { server, memory: await memoryOf(state) });
  const unit = await second.begin("fast", null);
  const midway: (boolean | undefined)[] = [];
  for (const [from, to] of [
    [0, 3],
    [3, 4],
    [4, 5],
    [5, 6],
    [6, 8],
  ] as const) {
    await unit.write(rowsOf(numbered(from, to)), { ...FROM_THE_START, ordinal: BigInt(from) });
    midway.push(unit.midway);
  }
  expect(midway).toEqual([true, false, true, false, false]);
  await unit.commit([], []);
  expect(server.bodies).toEqual([numbered(0, 4), numbered(4, 6), numbered(0, 4), numbered(4, 6), numbered(6, 8)]);
  const keys = server.seen.map(({ headers }) => headers["idempotency-key"]);
  expect(keys.slice(2, 4)).toEqual(keys.slice(0, 2));
});

test("borders are dropped in the step that commits what lies before them", async () => {
  await using state = openMemoryStore();
  const memory = await memoryOf(state);
  const writer = await openWriter({ batch: { records: 4 } }, { server: new ScriptedServer(), memory });
  const unit = await writer.begin("fast", null);
  await unit.write(rowsOf(numbered(0, 6)), FROM_THE_START);
  await unit.answers?.();
  expect(await state.words(KEY)).toEqual([{ name: `border:${split}`, word: "[[3,1],[5,1]]" }]);
  await unit.commit([], []);
  const to = { ordinal: 6n, token: "6" };
  await state.commit(KEY, [{ split, epoch: 1, from: 0n, to, counts: NO_COUNTS }], [], unit.words ?? []);
  expect(await state.words(KEY)).toEqual([]);
});

test("a request is not sent before its border is stored", async () => {
  await using state = openMemoryStore();
  const server = new ScriptedServer();
  const zombie = await openWriter({ batch: { records: 2 } }, { server, memory: await memoryOf(state) });
  await memoryOf(state);
  const unit = await zombie.begin("fast", null);
  await expect(unit.write(rowsOf(numbered(0, 6)), FROM_THE_START)).rejects.toMatchObject({ code: "FENCED" });
  await unit.rollback();
  expect(server.seen).toEqual([]);
});
