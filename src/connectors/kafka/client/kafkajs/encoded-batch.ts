/**
 * A batch whose records are encoded already, in the shape of the list of messages that kafkajs' producer takes. kafkajs alone
 * makes an object with a buffer of its own for each record, and groups messages by copying the whole list for each of them.
 *
 * What it asks of the list: whether a message has no value, the list by partition, its length, each message's time, and
 * each message's encoded record. It writes those that are there and counts the array's length, so one in front of holes stands
 * for all.
 */
import { createRequire } from "node:module";
import type { Message } from "kafkajs";
import type { OutgoingMessage } from "../producer-port.ts";
import { encodeRecords } from "./records.ts";

interface Encoder {
  writeBuffer(bytes: Buffer): Encoder;
}

const require = createRequire(import.meta.url);
const EncoderClass = require("kafkajs/src/protocol/encoder") as new (initialSize: number) => Encoder;

/** Without a time, as ours are. */
const ANY_MESSAGE = { key: null, value: null, headers: {} };

/** Stands for a list of messages. */
class EncodedBatch {
  readonly length: number;
  readonly #partition: number;
  readonly #records: Encoder;

  constructor(messages: readonly OutgoingMessage[], partition: number) {
    const bytes = encodeRecords(messages);
    this.length = messages.length;
    this.#partition = partition;
    this.#records = new EncoderClass(bytes.length).writeBuffer(bytes);
  }

  /** The first message without a value: a value may be null, but it is there. */
  find(): undefined {
    return undefined;
  }

  /** The messages by partition. */
  reduce(): { readonly [partition: number]: EncodedBatch } {
    return { [this.#partition]: this };
  }

  /** Asked for times, none; asked for records, all of them as the first. */
  map(of: (message: typeof ANY_MESSAGE, index: number) => unknown): unknown[] {
    if (of(ANY_MESSAGE, 0) === undefined) return [];
    const records = Array.from<unknown>({ length: 0 });
    records[0] = this.#records;
    records.length = this.length;
    return records;
  }
}

/** What kafkajs' producer takes as messages. */
export function encodedBatch(messages: readonly OutgoingMessage[], partition: number): Message[] {
  return new EncodedBatch(messages, partition) as unknown as Message[];
}
