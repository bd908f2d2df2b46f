import { describe, expect, test } from "vitest";
import type { OutgoingMessage, PartitionBatch } from "../../../../src/connectors/kafka/client/producer-port.ts";
import { type BatchLimits, PartitionSends } from "../../../../src/connectors/kafka/partition-sends.ts";
import { Partitioner } from "../../../../src/connectors/kafka/partitioner.ts";
import { MillraceError } from "../../../../src/core/errors.ts";
import { FakeClock } from "../../../../src/testing/fake-clock.ts";

const message = (text: string, key: string | null = null): OutgoingMessage => ({
  key: key === null ? null : Buffer.from(key),
  value: Buffer.from(text),
  headers: {},
});
const numbered = (count: number): OutgoingMessage[] => Array.from({ length: count }, (_, id) => message(String(id)));
const textOf = ({ value }: OutgoingMessage): string => String(value);

/** A broker that remembers what it was sent, and answers when it is told to. */
class Broker {
  readonly batches: string[] = [];
  readonly clock = new FakeClock();
  answer: (batch: PartitionBatch) => Promise<void> = async () => {};
  underWay = 0;
  most = 0;

  sends(limits: Partial<BatchLimits>, partitions = 2, onRefused?: (message: OutgoingMessage) => void): PartitionSends {
    return new PartitionSends({
      topic: "orders",
      partitioner: new Partitioner(partitions),
      limits: { records: 100, bytes: 10_000, lingerMs: undefined, ...limits },
      clock: this.clock,
      ...(onRefused && { onRefused }),
      send: async (batch) => {
        this.most = Math.max(this.most, ++this.underWay);
        try {
          await this.answer(batch);
          this.batches.push(`${batch.partition}: ${batch.messages.map(textOf).join(" ")}`);
        } finally {
          this.underWay--;
        }
      },
    });
  }
}

describe("PartitionSends", () => {
  test("sends a batch when it has its records, the rest when it is flushed", async () => {
    const broker = new Broker();
    const sends = broker.sends({ records: 3 });
    await sends.add(numbered(7));
    await sends.flush();
    expect(broker.batches).toEqual(["0: 0 1 2", "1: 3 4 5", "0: 6"]);
  });

  test("never lets a batch grow beyond its bytes, unless one message is larger", async () => {
    const broker = new Broker();
    const sends = broker.sends({ bytes: 200 }, 1);
    await sends.add([message("a".repeat(100)), message("b".repeat(100)), message("c".repeat(500)), message("d")]);
    await sends.flush();
    expect(broker.batches.map((batch) => batch.replace(/(\w)\1+/g, "$1"))).toEqual(["0: a", "0: b", "0: c", "0: d"]);
  });

  test("sends what has waited for the linger time", async () => {
    const broker = new Broker();
    const sends = broker.sends({ lingerMs: 20 });
    await sends.add(numbered(2));
    await broker.clock.advance(19);
    expect(broker.batches).toEqual([]);
    await broker.clock.advance(1);
    expect(broker.batches).toEqual(["0: 0 1"]);
    await sends.add([message("2")]);
    await broker.clock.advance(20);
    await sends.flush();
    expect(broker.batches).toEqual(["0: 0 1", "1: 2"]);
  });

  test("keeps the order within a partition and five batches under way", async () => {
    const broker = new Broker();
    broker.answer = async ({ messages }) => {
      for (let turns = 10 + (Number(messages.map(textOf)[0]) % 3); turns > 0; turns--) await Promise.resolve();
    };
    const sends = broker.sends({ records: 1 }, 8);
    const keyed = Array.from({ length: 60 }, (_, id) => message(String(id), `k${id % 20}`));
    await sends.add(keyed);
    await sends.flush();
    expect(broker.most).toBeGreaterThan(2);
    expect(broker.most).toBeLessThanOrEqual(5);
    for (const key of Array.from({ length: 20 }, (_, number) => number)) {
      const mine = broker.batches.map((batch) => Number(batch.split(": ")[1])).filter((id) => id % 20 === key);
      expect(mine).toEqual([key, key + 20, key + 40]);
    }
  });

  test("finds the messages that the broker refuses by halves, and sends all others in order", async () => {
    const broker = new Broker();
    broker.answer = async ({ messages }) => {
      if (messages.some((one) => ["2", "5"].includes(textOf(one)))) throw new MillraceError("ROW_REFUSED", "too large");
    };
    const refused: string[] = [];
    const sends = broker.sends({}, 1, (one) => refused.push(textOf(one)));
    await sends.add(numbered(8));
    await sends.flush();
    expect(refused).toEqual(["2", "5"]);
    expect(broker.batches.map((batch) => batch.slice(3)).join(" ")).toBe("0 1 3 4 6 7");
  });

  test("fails with the first fault, and sends nothing behind it", async () => {
    const broker = new Broker();
    broker.answer = async () => {
      throw new MillraceError("SINK_UNAVAILABLE", "gone");
    };
    const sends = broker.sends({ records: 1 }, 1);
    const adding = sends.add(numbered(20)).then(() => sends.flush());
    await expect(adding).rejects.toMatchObject({ code: "SINK_UNAVAILABLE" });
    expect(broker.most).toBe(1);
  });

  test("drops what is gathered and waits for what is under way", async () => {
    const broker = new Broker();
    const answer = Promise.withResolvers<void>();
    broker.answer = () => answer.promise;
    const sends = broker.sends({ records: 2, lingerMs: 5 }, 1);
    await sends.add(numbered(3));
    const dropped = sends.drop();
    answer.resolve();
    await dropped;
    await broker.clock.advance(100);
    expect(broker.batches).toEqual(["0: 0 1"]);
  });
});
