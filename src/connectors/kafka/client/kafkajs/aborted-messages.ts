/**
 * A mend of kafkajs 2.2.4, which lets readers of committed messages see some that were aborted. A broker lists aborted
 * transactions in the order of their ends; kafkajs takes that for the order of their begins, and takes note of only one
 * with each message. So where several producers write into one partition, and several of their transactions are aborted,
 * messages of the second one slip through.
 */
import { createRequire } from "node:module";

/** A message of a fetch, as kafkajs has it. */
interface FetchedMessage {
  readonly offset: string;
  readonly key: Buffer | null;
  readonly isControlRecord: boolean;
  readonly batchContext: { readonly producerId: string; readonly inTransaction: boolean };
}

/** A partition's share of a fetch. */
export interface FetchedMessages {
  messages: readonly FetchedMessage[];
  abortedTransactions?: readonly { readonly producerId: string; readonly firstOffset: string }[] | null;
}

type Prototype = {
  fetch: (request: object) => Promise<{ readonly responses: readonly { readonly partitions: FetchedMessages[] }[] }>;
};

/** Version 0, type 0. */
const ABORT_MARK = Buffer.from([0, 0, 0, 0]);

let isMended = false;

/** Mends what all of kafkajs' clients fetch from now on. */
export function mendAbortedMessages(): void {
  if (isMended) return;
  isMended = true;
  const require = createRequire(import.meta.url);
  const { prototype } = require("kafkajs/src/broker") as { readonly prototype: Prototype };
  const { fetch } = prototype;
  prototype.fetch = async function fetchWithoutAborted(request): ReturnType<Prototype["fetch"]> {
    const answer = await fetch.call(this, request);
    for (const partition of answer.responses.flatMap(({ partitions }) => partitions)) leaveAbortedOut(partition);
    return answer;
  };
}

/** The marks of transactions stay. Source: Apache Kafka, `CompletedFetch` of the Java consumer. */
export function leaveAbortedOut(partition: FetchedMessages): void {
  const { abortedTransactions, messages } = partition;
  if (abortedTransactions === undefined || abortedTransactions === null || abortedTransactions.length === 0) return;
  const begins = abortedTransactions.toSorted((a, b) => (BigInt(a.firstOffset) < BigInt(b.firstOffset) ? -1 : 1));
  const aborted = new Set<string>();
  let begun = 0;
  partition.messages = messages.filter(({ offset, key, isControlRecord, batchContext }) => {
    const { producerId, inTransaction } = batchContext;
    for (; begun < begins.length && BigInt(begins[begun]?.firstOffset ?? 0) <= BigInt(offset); begun++) {
      aborted.add(begins[begun]?.producerId ?? "");
    }
    if (isControlRecord && key?.equals(ABORT_MARK) === true) aborted.delete(producerId);
    return isControlRecord || !inTransaction || !aborted.has(producerId);
  });
  partition.abortedTransactions = [];
}
