/** kafkajs' producers behind the port: one partition a send, every copy acknowledged, every answer looked at. */
import type { Kafka, Producer, Transaction as KafkaTransaction } from "kafkajs";
import { onAbort } from "../../../../core/abort.ts";
import { type ErrorCode, MillraceError } from "../../../../core/errors.ts";
import type {
  Compression,
  IdempotentProducer,
  PartitionBatch,
  Transaction,
  TransactionalProducer,
} from "../producer-port.ts";
import { compressionType } from "./compression.ts";
import { encodedBatch } from "./encoded-batch.ts";
import { RETRY } from "./kafka.ts";
import { sendFault } from "./send-faults.ts";

const ALL_COPIES = -1;

/** How long a transaction may stay open before the broker ends it, milliseconds; a broker's own limit is 15 minutes. */
export const TRANSACTION_TIMEOUT_MS = 60_000;

/** After these nothing can have been committed, or nobody is left who wants to know. */
const NO_DOUBT: ReadonlySet<ErrorCode> = new Set(["FENCED", "SINK_REFUSED", "ABORTED"]);

/** What producers have in common. */
export interface ProducerSettings {
  readonly kafka: Kafka;
  /** For messages: `kafka 10.0.0.1:9092`. */
  readonly label: string;
  readonly compression: Compression;
  /** Aborted when the client is closed: kafkajs would go on for seconds to try what cannot succeed any more. */
  readonly closing: AbortSignal;
}

/** @throws MillraceError SINK_UNAVAILABLE, SINK_REFUSED */
export async function openProducer(settings: ProducerSettings): Promise<IdempotentProducer> {
  const producer = await connected(settings, {});
  return {
    send: (batch) => sendOver(producer, batch, settings),
    [Symbol.asyncDispose]: () => producer.disconnect(),
  };
}

/** Takes a transactional id over. @throws MillraceError SINK_UNAVAILABLE, SINK_REFUSED */
export async function openTransactions(
  settings: ProducerSettings,
  transactionalId: string,
): Promise<TransactionalProducer> {
  const producer = await connected(settings, { transactionalId, transactionTimeout: TRANSACTION_TIMEOUT_MS });
  const begin = async (): Promise<KafkaTransaction> => {
    try {
      return await unlessClosed(settings.closing, producer.transaction());
    } catch (thrown) {
      throw sendFault(thrown, `${settings.label}: beginning a transaction`);
    }
  };
  try {
    // The first transaction is what takes the id over. It must happen now: later it would take the id back from whoever
    // has fenced this producer off meanwhile.
    await (await begin()).abort();
  } catch (thrown) {
    await producer.disconnect();
    throw thrown;
  }
  return {
    begin: async () => portTransaction(await begin(), settings),
    [Symbol.asyncDispose]: () => producer.disconnect(),
  };
}

async function connected(
  { kafka, label, closing }: ProducerSettings,
  options: { readonly transactionalId?: string; readonly transactionTimeout?: number },
): Promise<Producer> {
  const producer = kafka.producer({
    ...options,
    idempotent: true,
    allowAutoTopicCreation: false,
    retry: RETRY,
    // Never asked: batches know their partition. Without one kafkajs warns.
    createPartitioner: () => () => 0,
  });
  try {
    await unlessClosed(closing, producer.connect());
    return producer;
  } catch (thrown) {
    await producer.disconnect().catch(() => {});
    throw sendFault(thrown, `${label}: connecting`);
  }
}

function portTransaction(transaction: KafkaTransaction, settings: ProducerSettings): Transaction {
  const { label, closing } = settings;
  return {
    send: (batch) => sendOver(transaction, batch, settings),
    async commit() {
      try {
        await unlessClosed(closing, transaction.commit());
      } catch (thrown) {
        const fault = sendFault(thrown, `${label}: committing`);
        if (NO_DOUBT.has(fault.code)) throw fault;
        throw new MillraceError("COMMIT_AMBIGUOUS", `${fault.message}; the positions will tell`, { cause: thrown });
      }
    },
    async abort() {
      await unlessClosed(closing, transaction.abort()).catch(() => {});
    },
  };
}

async function sendOver(
  sender: Pick<Producer, "send">,
  { topic, partition, messages }: PartitionBatch,
  { label, compression, closing }: ProducerSettings,
): Promise<void> {
  const doing = `${label}: sending ${messages.length} messages to ${topic}, partition ${partition}`;
  try {
    const sending = sender.send({
      topic,
      acks: ALL_COPIES,
      compression: compressionType(compression),
      messages: encodedBatch(messages, partition),
    });
    const acknowledged = await unlessClosed(closing, sending);
    // kafkajs resolves also where it has given a partition up.
    const mine = acknowledged.filter((one) => one.topicName === topic && one.partition === partition);
    if (mine.length === 1 && mine[0]?.errorCode === 0) return;
  } catch (thrown) {
    throw sendFault(thrown, doing);
  }
  throw new MillraceError("SINK_UNAVAILABLE", `${doing}: no broker has acknowledged them`);
}

/** What comes of work, as long as the client is open. @throws MillraceError ABORTED */
async function unlessClosed<T>(closing: AbortSignal, work: Promise<T>): Promise<T> {
  const closed = Promise.withResolvers<never>();
  const refuse = (): void => closed.reject(new MillraceError("ABORTED", "the Kafka client was closed"));
  using _closing = onAbort(closing, refuse);
  return await Promise.race([work, closed.promise]);
}
