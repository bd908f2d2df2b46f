import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assign, partitionsIn, subscriptionOf } from "../../../../src/connectors/kafka/client/kafkajs/assignment.ts";
import type { MessageBatch, PartitionReader } from "../../../../src/connectors/kafka/client/port.ts";
import { PartitionFrames } from "../../../../src/connectors/kafka/frames.ts";
import { partitionOf, splitName } from "../../../../src/connectors/kafka/split-name.ts";
import { topicWishes } from "../../../../src/connectors/kafka/wishes.ts";

describe("assign()", () => {
  test("gives every partition to one who wants its topic, and to nobody more than one more than to another", () => {
    const wishes = fc.uniqueArray(fc.constantFrom<string>("a", "b", "c"), { minLength: 1 });
    fc.assert(
      fc.property(fc.array(wishes, { minLength: 1, maxLength: 6 }), fc.nat(9), fc.nat(9), (members, inA, inB) => {
        const peers = members.map((topics, index) => ({
          memberId: `m${index}`,
          memberMetadata: subscriptionOf(topics),
        }));
        const topics = [topicOf("a", inA), topicOf("b", inB)];
        const given = assign(peers, topics).map(({ memberId, memberAssignment }) => ({
          memberId,
          partitions: partitionsIn(memberAssignment),
        }));
        for (const { name, partitions } of topics) {
          const takers = members.flatMap((wanted, index) => (wanted.includes(name) ? [`m${index}`] : []));
          const taken = given.flatMap(({ memberId, partitions: own }) =>
            own.filter(({ topic }) => topic === name).map(({ partition }) => ({ memberId, partition })),
          );
          const expected = takers.length === 0 ? [] : partitions.map(({ partition }) => partition);
          expect(taken.map(({ partition }) => partition).toSorted((a, b) => a - b)).toEqual(expected);
          expect(taken.every(({ memberId }) => takers.includes(memberId))).toBe(true);
          const counts = takers.map((taker) => taken.filter(({ memberId }) => memberId === taker).length);
          if (counts.length > 0) expect(Math.max(...counts) - Math.min(...counts)).toBeLessThan(2);
        }
      }),
    );
  });

  test("an empty answer is an empty assignment", () => {
    expect(partitionsIn(Buffer.alloc(0))).toEqual([]);
  });
});

describe("PartitionFrames", () => {
  test("gives each message once and in order, whatever is asked for, and stops at the end", async () => {
    const values = fc.array(fc.option(fc.string({ maxLength: 6 })), { maxLength: 12 });
    const batch = fc.record({ values, hidden: fc.nat(3) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(batch, { maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }),
        fc.option(fc.nat(30)),
        async (batches, sizes, end) => {
          const { reader, all } = scripted(batches);
          const until = end === null ? null : BigInt(end);
          const frames = new PartitionFrames({ reader, partition: 3, from: 0n, until, tombstone: Buffer.from("null") });
          const seen: { text: string; offset: bigint | undefined; token: string }[] = [];
          for (let i = 0; ; i++) {
            const read = await frames.read(sizes[i % sizes.length] as number, (bytes) => Promise.resolve(lent(bytes)));
            if (read === undefined) break;
            const text = Buffer.from(read.memory.bytes);
            let begin = 0;
            read.ends.forEach((stop, record) => {
              seen.push({
                text: text.toString("utf8", begin, stop),
                offset: read.meta?.offsets?.[record],
                token: read.tokens.after(record),
              });
              begin = stop;
            });
          }
          const expected = all.filter(({ offset }) => until === null || offset < until);
          expect(seen.map(({ text, offset }) => ({ text, offset }))).toEqual(expected);
          // a token lies behind its record and not behind the next one that can be seen
          seen.forEach(({ offset = 0n, token }, index) => {
            expect(BigInt(token)).toBeGreaterThan(offset);
            expect(BigInt(token)).toBeLessThanOrEqual(seen[index + 1]?.offset ?? BigInt(token));
          });
        },
      ),
    );
  });
});

describe("The names of splits and topics", () => {
  test("a split is a topic and a partition, also where the topic has dashes", () => {
    expect(partitionOf(splitName({ topic: "my-orders-2", partition: 13 }))).toEqual({
      topic: "my-orders-2",
      partition: 13,
    });
    expect(() => partitionOf("orders")).toThrow('"orders" is no partition of a topic');
  });

  test("what stands between slashes is a pattern", () => {
    expect(topicWishes(["orders", "/^log/"])).toEqual(["orders", /^log/]);
    expect(() => topicWishes(["a/b"])).toThrow('source.topics: "a/b" can be no topic');
  });
});

function topicOf(name: string, count: number) {
  return {
    name,
    id: null,
    error: 0,
    partitions: Array.from({ length: count }, (_, partition) => ({ partition, leader: 1 })),
  };
}

function lent(bytes: number) {
  const memory = { bytes: new Uint8Array(bytes), retain: () => memory, release: () => {} };
  return memory;
}

/** A partition of scripted batches, each with some offsets behind it that cannot be seen. */
function scripted(batches: readonly { readonly values: readonly (string | null)[]; readonly hidden: number }[]) {
  const all: { text: string; offset: bigint }[] = [];
  let next = 0n;
  const made = batches.map(({ values, hidden }) => {
    const first = next;
    next += BigInt(values.length + hidden);
    values.forEach((value, index) => all.push({ text: value ?? "null", offset: first + BigInt(index) }));
    return batchOf(values, first, next);
  });
  const reader: PartitionReader = { next: () => Promise.resolve(made.shift()), [Symbol.dispose]: () => {} };
  return { reader, all };
}

function batchOf(values: readonly (string | null)[], first: bigint, next: bigint): MessageBatch {
  const bytes = values.map((value) => (value === null ? null : Buffer.from(value)));
  return {
    count: values.length,
    next,
    offset: (message) => first + BigInt(message),
    timestamps: (begin, end) => new Float64Array(end - begin),
    hasKeys: false,
    hasHeaders: false,
    key: () => null,
    headers: () => null,
    size: (message) => bytes[message]?.length ?? -1,
    copy: (message, into, at) => into.set(bytes[message] ?? Buffer.alloc(0), at),
    done: () => {},
  };
}
