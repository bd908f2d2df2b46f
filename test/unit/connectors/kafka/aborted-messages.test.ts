import { describe, expect, test } from "vitest";
import {
  type FetchedMessages,
  leaveAbortedOut,
} from "../../../../src/connectors/kafka/client/kafkajs/aborted-messages.ts";

const message = (offset: number, producerId: string) => ({
  offset: String(offset),
  key: null,
  isControlRecord: false,
  batchContext: { producerId, inTransaction: true },
});
const mark = (offset: number, producerId: string, type: "abort" | "commit") => ({
  ...message(offset, producerId),
  key: Buffer.from([0, 0, 0, type === "abort" ? 0 : 1]),
  isControlRecord: true,
});
const begin = (producerId: string, firstOffset: number) => ({ producerId, firstOffset: String(firstOffset) });

/** Offsets that a reader is shown, marks left out. */
function seen(partition: FetchedMessages): number[] {
  leaveAbortedOut(partition);
  return partition.messages.filter(({ isControlRecord }) => !isControlRecord).map(({ offset }) => Number(offset));
}

describe("leaveAbortedOut()", () => {
  test("leaves out transactions whose ends come in another order than their begins", () => {
    const messages = [message(0, "a"), message(1, "b"), message(2, "c"), message(3, "a")];
    const ends = [mark(4, "b", "abort"), mark(5, "a", "abort"), mark(6, "c", "commit")];
    expect(seen({ messages: [...messages, ...ends], abortedTransactions: [begin("b", 1), begin("a", 0)] })).toEqual([
      2,
    ]);
  });

  test("leaves out several that had begun before the fetch does", () => {
    const messages = [message(20, "b"), message(21, "a"), message(22, "c"), mark(23, "a", "abort")];
    expect(seen({ messages, abortedTransactions: [begin("a", 10), begin("b", 12)] })).toEqual([22]);
  });

  test("shows what a producer commits behind what it has aborted, and what is in no transaction", () => {
    const plain = { ...message(3, "a"), batchContext: { producerId: "a", inTransaction: false } };
    const messages = [message(0, "a"), mark(1, "a", "abort"), message(2, "a"), plain, mark(4, "a", "commit")];
    expect(seen({ messages, abortedTransactions: [begin("a", 0)] })).toEqual([2, 3]);
  });

  test("shows all where nothing was aborted", () => {
    expect(seen({ messages: [message(0, "a")], abortedTransactions: null })).toEqual([0]);
    expect(seen({ messages: [message(0, "a")] })).toEqual([0]);
  });
});
