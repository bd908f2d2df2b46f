import { describe, expect, test } from "vitest";
import { BufferPool } from "../../../src/runtime/buffer-pool.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

describe("BufferPool.lease()", () => {
  test("lends at least what was asked for, on shared memory", () => {
    const pool = new BufferPool({ maxIdleBytes: MIB });
    using lease = pool.lease(10_000);
    expect(lease.bytes.byteLength).toBe(10 * KIB);
    expect(lease.bytes.buffer).toBeInstanceOf(SharedArrayBuffer);
  });

  test.each([
    [0, 4 * KIB],
    [1, 4 * KIB],
    [4 * KIB, 4 * KIB],
    [4 * KIB + 1, 5 * KIB],
    [7 * KIB + 1, 8 * KIB],
    [MIB, MIB],
    [MIB + 64 * KIB, 1.25 * MIB],
    [1.5 * MIB + 1, 1.75 * MIB],
  ])("answers %i bytes with a class of %i", (asked, given) => {
    const pool = new BufferPool({ maxIdleBytes: MIB });
    using lease = pool.lease(asked);
    expect(lease.bytes.byteLength).toBe(given);
  });

  test("lends a returned buffer again as it was left", () => {
    const pool = new BufferPool({ maxIdleBytes: MIB });
    const first = pool.lease(5000);
    first.bytes[0] = 42;
    const { buffer } = first.bytes;
    first.release();
    using second = pool.lease(5100);
    expect(second.bytes.buffer).toBe(buffer);
    expect(second.bytes[0]).toBe(42);
    expect(pool.stats.created).toBe(1);
  });

  test("never lends one buffer twice at a time", () => {
    const pool = new BufferPool({ maxIdleBytes: MIB });
    pool.lease(5000).release();
    using first = pool.lease(5000);
    using second = pool.lease(5000);
    expect(first.bytes.buffer).not.toBe(second.bytes.buffer);
  });

  test.each([-1, 1.5, Number.NaN])("refuses %d bytes", (bytes) => {
    const pool = new BufferPool({ maxIdleBytes: MIB });
    expect(() => pool.lease(bytes)).toThrow(expect.objectContaining({ code: "INVARIANT" }));
  });
});

describe("BufferLease", () => {
  test("release() returns the buffer when the last of its holders is done", () => {
    const pool = new BufferPool({ maxIdleBytes: MIB });
    const lease = pool.lease(5000).retain();
    lease.release();
    expect(pool.stats).toMatchObject({ inUse: 1, inUseBytes: 5 * KIB, idle: 0, idleBytes: 0 });
    lease.release();
    expect(pool.stats).toMatchObject({ inUse: 0, inUseBytes: 0, idle: 1, idleBytes: 5 * KIB });
  });

  test("release() beyond the last holder is an error and changes nothing", () => {
    const pool = new BufferPool({ maxIdleBytes: MIB });
    const lease = pool.lease(5000);
    lease.release();
    expect(() => lease.release()).toThrow(expect.objectContaining({ code: "DOUBLE_RELEASE" }));
    expect(pool.stats).toMatchObject({ inUse: 0, idle: 1 });
  });

  test("an old lease cannot release the buffer of its next borrower", () => {
    const pool = new BufferPool({ maxIdleBytes: MIB });
    const old = pool.lease(5000);
    old.release();
    using _next = pool.lease(5000);
    expect(() => old.release()).toThrow(expect.objectContaining({ code: "DOUBLE_RELEASE" }));
    expect(pool.stats.inUse).toBe(1);
  });

  test("cannot be read or retained after its last release", () => {
    const pool = new BufferPool({ maxIdleBytes: MIB });
    const lease = pool.lease(5000);
    lease.release();
    expect(() => lease.bytes).toThrow(expect.objectContaining({ code: "INVARIANT" }));
    expect(() => lease.retain()).toThrow(expect.objectContaining({ code: "INVARIANT" }));
  });
});

describe("BufferPool", () => {
  test("keeps no more idle than maxIdleBytes and lets go what was asked for least recently", () => {
    const pool = new BufferPool({ maxIdleBytes: 16 * KIB });
    for (const bytes of [4 * KIB, 8 * KIB]) pool.lease(bytes).release();
    expect(pool.stats).toMatchObject({ idle: 2, idleBytes: 12 * KIB });
    pool.lease(6 * KIB).release();
    expect(pool.stats).toMatchObject({ idle: 2, idleBytes: 14 * KIB });
    pool.lease(8 * KIB).release();
    expect(pool.stats.created).toBe(3);
  });

  test("keeps nothing that is larger than maxIdleBytes by itself", () => {
    const pool = new BufferPool({ maxIdleBytes: 16 * KIB });
    pool.lease(4 * KIB).release();
    pool.lease(64 * KIB).release();
    expect(pool.stats).toMatchObject({ inUse: 0, idle: 1, idleBytes: 4 * KIB });
  });

  test("adopt() takes in a foreign buffer and lends it later to whoever it can serve", () => {
    const pool = new BufferPool({ maxIdleBytes: MIB });
    const foreign = new SharedArrayBuffer(7000);
    const lease = pool.adopt(foreign);
    expect(lease.bytes.byteLength).toBe(7000);
    expect(pool.stats).toMatchObject({ inUse: 1, inUseBytes: 7000, created: 0 });
    lease.release();
    using again = pool.lease(6 * KIB);
    expect(again.bytes.buffer).toBe(foreign);
    expect(pool.stats.idleBytes).toBe(0);
  });

  test("adopt() leaves a buffer too small for any class to the garbage collector", () => {
    const pool = new BufferPool({ maxIdleBytes: MIB });
    pool.adopt(new SharedArrayBuffer(100)).release();
    expect(pool.stats).toMatchObject({ inUse: 0, inUseBytes: 0, idle: 0 });
  });

  test("adopt() refuses a buffer of its own, lent or idle", () => {
    const pool = new BufferPool({ maxIdleBytes: MIB });
    const lease = pool.lease(5000);
    const { buffer } = lease.bytes;
    expect(() => pool.adopt(buffer)).toThrow(expect.objectContaining({ code: "INVARIANT" }));
    lease.release();
    expect(() => pool.adopt(buffer)).toThrow(expect.objectContaining({ code: "INVARIANT" }));
  });

  test("adopt() takes back a buffer that it let go", () => {
    const pool = new BufferPool({ maxIdleBytes: 0 });
    const lease = pool.lease(5000);
    const { buffer } = lease.bytes;
    lease.release();
    pool.adopt(buffer).release();
    pool.assertAllReturned();
  });

  test("assertAllReturned() names how many buffers are out", () => {
    const pool = new BufferPool({ maxIdleBytes: MIB });
    pool.lease(4096);
    const second = pool.lease(4096);
    expect(() => pool.assertAllReturned()).toThrow("2 buffers (8192 bytes) did not come back");
    second.release();
    expect(() => pool.assertAllReturned()).toThrow(expect.objectContaining({ code: "INVARIANT" }));
  });
});
