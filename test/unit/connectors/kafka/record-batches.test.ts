import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { MessageBatch } from "../../../../src/connectors/kafka/client/port.ts";
import { readRecords } from "../../../../src/connectors/kafka/client/records/record-batches.ts";
import { isMillraceError } from "../../../../src/core/errors.ts";
import { batchBytes, endBytes, type StoredRecord } from "./record-batch-bytes.ts";

function messagesIn(batch: MessageBatch) {
  return Array.from({ length: batch.count }, (_, i) => {
    const size = batch.size(i);
    const value = Buffer.alloc(Math.max(size, 0));
    batch.copy(i, value, 0);
    return {
      offset: batch.offset(i),
      time: batch.timestamps(i, i + 1)[0],
      key: batch.key(i),
      headers: batch.headers(i),
      value: size < 0 ? null : value.toString(),
    };
  });
}

/** How most batches are read. */
const USUAL = { from: 0n, aborted: [], place: "kafka b:9092: orders-2", maxBatchBytes: 1024 * 1024 };

const offsetsOf = (batch: MessageBatch): bigint[] => messagesIn(batch).map(({ offset }) => offset);

const record = fc.record({
  gap: fc.nat(3),
  time: fc.integer({ min: -1, max: 2 ** 42 }),
  key: fc.option(fc.string({ unit: "binary" })),
  value: fc.option(fc.string({ unit: "binary", maxLength: 300 })),
  headers: fc.dictionary(
    fc.string({ minLength: 1 }).filter((name) => name !== "__proto__"),
    fc.string(),
    { maxKeys: 3 },
  ),
});

describe("readRecords()", () => {
  test("reads what kafkajs wrote, from any offset on, and leaves a cut batch at the end for the next fetch", async () => {
    const batches = fc.array(
      fc.record({ records: fc.array(record, { minLength: 1, maxLength: 8 }), compression: fc.constantFrom(0, 1) }),
      { minLength: 1, maxLength: 4 },
    );
    await fc.assert(
      fc.asyncProperty(batches, fc.nat(12), fc.nat(200), async (given, from, cut) => {
        let next = 0n;
        const pieces: Buffer[] = [];
        const stored: { offset: bigint; record: StoredRecord }[][] = [];
        for (const { records, compression } of given) {
          const first = next;
          let delta = -1;
          const placed = records.map(({ gap, ...rest }) => ({ ...rest, delta: (delta += 1 + gap) }));
          pieces.push(await batchBytes(placed, { first, compression }));
          stored.push(placed.map((one) => ({ offset: first + BigInt(one.delta), record: one })));
          next = first + BigInt(delta) + 1n;
        }
        const last = pieces.at(-1) as Buffer;
        const isCut = cut > 0 && cut < last.length;
        const bytes = Buffer.concat(pieces).subarray(0, isCut ? -cut : undefined);
        const whole = (isCut ? stored.slice(0, -1) : stored).flat();
        const batch = await readRecords({ ...USUAL, bytes, from: BigInt(from) });
        const expected = whole.filter(({ offset }) => offset >= BigInt(from));
        expect(messagesIn(batch)).toEqual(
          expected.map(({ offset, record: { time, key, value, headers = {} } }) => ({
            offset,
            time,
            key,
            headers: Object.keys(headers).length === 0 ? null : { ...headers },
            value,
          })),
        );
        const behind = (whole.at(-1)?.offset ?? -1n) + 1n;
        expect(batch.next).toBe(behind > BigInt(from) ? behind : BigInt(from));
      }),
      { numRuns: 200 },
    );
  });

  test("leaves out what a producer aborted, from the offset that the broker names to the producer's next mark", async () => {
    const value = "x";
    const bytes = Buffer.concat([
      await batchBytes([{ delta: 0, value }], { first: 0n, producerId: 1n, transactional: true }),
      await batchBytes([{ delta: 0, value }], { first: 1n, producerId: 2n, transactional: true }),
      await endBytes(2n, 1n, "abort"),
      await batchBytes([{ delta: 0, value }], { first: 3n, producerId: 1n, transactional: true }),
      await endBytes(4n, 2n, "commit"),
      await endBytes(5n, 1n, "abort"),
      await batchBytes([{ delta: 0, value }], { first: 6n, producerId: 1n, transactional: true }),
      await endBytes(7n, 1n, "commit"),
      await batchBytes([{ delta: 0, value }], { first: 8n }),
    ]);
    // as the broker sends them, which need not be in order
    const aborted = [3n, 0n].map((firstOffset) => ({ producerId: 1n, firstOffset }));
    const careful = await readRecords({ ...USUAL, bytes, aborted });
    expect([offsetsOf(careful), careful.next]).toEqual([[1n, 6n, 8n], 9n]);
    const bold = await readRecords({ ...USUAL, bytes });
    expect(offsetsOf(bold)).toEqual([0n, 1n, 3n, 6n, 8n]);
  });

  test("passes over a batch that compaction has emptied: a reader would wait before it for ever", async () => {
    const bytes = await batchBytes([], { first: 10n, lastDelta: 4 });
    const batch = await readRecords({ ...USUAL, bytes, from: 10n });
    expect([batch.count, batch.next]).toEqual([0, 15n]);
  });

  test("takes the broker's time where the topic has it", async () => {
    const bytes = await batchBytes([{ delta: 0, time: 5, value: "x" }]);
    bytes.writeInt16BE(0x08, 21);
    const batch = await readRecords({ ...USUAL, bytes });
    expect(batch.timestamps(0, 1)[0]).toBe(1_700_000_000_000);
  });

  test("refuses a bomb where it lies, and reads what comes before it first", async () => {
    const bomb = await batchBytes([{ delta: 0, value: "x".repeat(2_000_000) }], { first: 7n, compression: 1 });
    const good = await batchBytes([{ delta: 0, value: "good" }], { first: 6n });
    const before = await readRecords({ ...USUAL, bytes: Buffer.concat([good, bomb]), from: 6n });
    expect([offsetsOf(before), before.next]).toEqual([[6n], 7n]);
    const failure: unknown = await readRecords({ ...USUAL, bytes: bomb, from: 7n }).catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ code: "SOURCE_FAILED", fault: "fatal", details: { offset: "7" } });
    expect((failure as Error).message).toBe(
      "kafka b:9092: orders-2: offsets 7 to 7: a batch of messages cannot be read: it inflates to more than 1 MiB, as a " +
        "decompression bomb does. Raise source.inflate.maxBytes if its producer really sends so much at once. To go on " +
        "behind it: millrace state forget <job>, and source.from: { timestamp: 1700000000001 }, where every partition then begins",
    );
  });

  test("leaves batches for the next fetch that become large together", async () => {
    const value = "x".repeat(20 * 1024 * 1024);
    const batches = [0n, 1n, 2n].map((first) => batchBytes([{ delta: 0, value }], { first, compression: 1 }));
    const stored = await Promise.all(batches);
    const bytes = Buffer.concat(stored);
    const maxBatchBytes = 64 * 1024 * 1024;
    const first = await readRecords({ ...USUAL, bytes, maxBatchBytes });
    expect([first.count, first.next]).toEqual([2, 2n]);
    const rest = await readRecords({ ...USUAL, bytes: stored[2] as Buffer, maxBatchBytes, from: first.next });
    expect([rest.count, rest.next]).toEqual([1, 3n]);
  });

  test("never throws anything but SOURCE_FAILED for damaged bytes", async () => {
    const good = await batchBytes([
      { delta: 0, value: "abc", headers: { h: "x" } },
      { delta: 1, value: "def" },
    ]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 4 }), async (changes) => {
        const bytes = Buffer.from(good);
        for (const [at, byte] of changes) bytes[at] = byte;
        try {
          messagesIn(await readRecords({ ...USUAL, bytes }));
        } catch (thrown) {
          expect(isMillraceError(thrown, "SOURCE_FAILED"), String(thrown)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});
