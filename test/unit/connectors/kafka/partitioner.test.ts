import { describe, expect, test } from "vitest";
import { murmur2 } from "../../../../src/connectors/kafka/murmur2.ts";
import { Partitioner } from "../../../../src/connectors/kafka/partitioner.ts";

describe("murmur2()", () => {
  // Source: UtilsTest.java of Apache Kafka.
  test.each([
    ["21", -973932308],
    ["foobar", -790332482],
    ["a-little-bit-long-string", -985981536],
    ["a-little-bit-longer-string", -1486304829],
    ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971],
    ["abc", 479470107],
  ])("of %s is Java's", (text, expected) => {
    expect(murmur2(Buffer.from(text))).toBe(expected);
  });
});

describe("Partitioner", () => {
  test("gives a key the same partition always", () => {
    const partitioner = new Partitioner(7);
    const key = Buffer.from("foobar");
    expect(partitioner.partitionOf(key)).toBe((-790332482 & 0x7fffffff) % 7);
    partitioner.turn(0);
    expect(partitioner.partitionOf(key)).toBe((-790332482 & 0x7fffffff) % 7);
  });

  test("keeps messages without a key in one partition until its batch is sent", () => {
    const partitioner = new Partitioner(3);
    const chosen = [0, 1, 2, 3].map(() => {
      const partition = partitioner.partitionOf(null);
      expect(partitioner.partitionOf(null)).toBe(partition);
      partitioner.turn((partition + 1) % 3);
      expect(partitioner.partitionOf(null), "another's batch").toBe(partition);
      partitioner.turn(partition);
      return partition;
    });
    expect(chosen).toEqual([0, 1, 2, 0]);
  });
});
