import { describe, expect, test } from "vitest";
import { LentBlocks } from "../../support/blocks.ts";

describe("ChunkMemory", () => {
  test("gives everything back when its last holder lets go", () => {
    const lent = new LentBlocks();
    const memory = lent.memory(5000);
    memory.lend(8000);
    memory.adopt(new SharedArrayBuffer(10_000));
    memory.retain().retain();
    memory.release();
    memory.release();
    expect(lent.lent).toBe(3);
    memory.release();
    expect([lent.lent, lent.budget.used]).toEqual([0, 0]);
  });

  test("grows its reservation beyond what was reserved, and only then", () => {
    const lent = new LentBlocks();
    const memory = lent.memory(100_000);
    const reserved = lent.budget.used;
    memory.lend(4096);
    const grown = lent.budget.used;
    expect(grown).toBeGreaterThan(reserved);
    memory.lend(4096);
    expect(lent.budget.used).toBe(grown + 4096);
    memory.release();
    expect(lent.budget.used).toBe(0);
  });

  test("enlarge() exchanges the buffer and does not count the old one any more", () => {
    const lent = new LentBlocks();
    const memory = lent.memory(4096);
    const old = memory.bytes;
    const larger = memory.enlarge(16_384);
    expect(larger.byteLength).toBeGreaterThanOrEqual(16_384);
    expect(memory.bytes).toBe(larger);
    expect(memory.bytes).not.toBe(old);
    expect(lent.lent).toBe(1);
    const before = lent.budget.used;
    memory.lend(4096);
    expect(lent.budget.used).toBe(before);
    memory.release();
    expect([lent.lent, lent.budget.used]).toEqual([0, 0]);
  });
});

describe("MemoryArena", () => {
  test("gives back on disposal what dead actors still held, once", () => {
    const lent = new LentBlocks();
    const [held, released] = [lent.memory(100), lent.memory(100)];
    held.retain().lend(100);
    released.release();
    lent.arena[Symbol.dispose]();
    expect([lent.lent, lent.budget.used]).toEqual([0, 0]);
    held.release();
    held.free();
    lent.arena[Symbol.dispose]();
    expect([lent.lent, lent.budget.used]).toEqual([0, 0]);
  });
});
