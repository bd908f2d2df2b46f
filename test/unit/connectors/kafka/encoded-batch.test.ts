import { createRequire } from "node:module";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { encodedBatch } from "../../../../src/connectors/kafka/client/kafkajs/encoded-batch.ts";
import type { OutgoingMessage } from "../../../../src/connectors/kafka/client/producer-port.ts";

interface ProduceRequest {
  readonly encode: () => Promise<{ readonly buffer: Buffer }>;
}

const require = createRequire(import.meta.url);
const produce = require("kafkajs/src/protocol/requests/produce/v3/request") as (request: object) => ProduceRequest;

/** The bytes of a request that sends a list of messages. */
async function requestOf(messages: unknown, compression: number): Promise<Buffer> {
  const partitions = [{ partition: 3, messages, firstSequence: 7 }];
  const request = { acks: -1, timeout: 1_000, producerId: "1", producerEpoch: 2, compression };
  return (await produce({ ...request, topicData: [{ topic: "orders", partitions }] }).encode()).buffer;
}

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const header = fc.oneof(fc.string({ unit: "grapheme" }), bytes);
const message: fc.Arbitrary<OutgoingMessage> = fc.record({
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers: fc.dictionary(fc.string({ unit: "grapheme", minLength: 1 }), header, { maxKeys: 3 }),
});

beforeEach(() => void vi.useFakeTimers({ now: 1_700_000_000_000, toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

describe("encodedBatch()", () => {
  test.each([
    ["plain", 0],
    ["by gzip", 1],
  ])("is sent as kafkajs sends the same messages, %s", async (_, compression) => {
    await fc.assert(
      fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 150 }), async (messages) => {
        const ours = await requestOf(encodedBatch(messages, 3), compression);
        expect(ours).toEqual(await requestOf(messages, compression));
      }),
      { numRuns: 100 },
    );
  });

  test("says of itself what kafkajs asks before", () => {
    const batch = encodedBatch([{ key: null, value: null, headers: {} }], 3);
    expect([batch.length, batch.find(({ value }) => value === undefined)]).toEqual([1, undefined]);
    expect(batch.reduce(() => ({}), {})).toEqual({ 3: batch });
  });
});
