/**
 * Messages as the records of one batch, written in one go. Source: the record format of Apache Kafka, version 2
 * (https://kafka.apache.org/documentation/#record).
 */
import type { OutgoingMessage } from "../producer-port.ts";

/** Attributes and a time that is the batch's own: a byte each. */
const FIXED_BYTES = 2;
const NULL_LENGTH = 1;

/** The records of a batch behind each other; what they are made of may lie in shared memory. */
export function encodeRecords(messages: readonly OutgoingMessage[]): Buffer {
  const bodies = messages.map((message, index) => bodySize(message, index));
  const bytes = Buffer.allocUnsafe(bodies.reduce((sum, size) => sum + varintSize(size) + size, 0));
  let at = 0;
  for (const [index, message] of messages.entries()) {
    at = putVarint(bytes, at, bodies[index] as number);
    at = putRecord(bytes, at, message, index);
  }
  return bytes;
}

function bodySize({ key, value, headers }: OutgoingMessage, index: number): number {
  let size = FIXED_BYTES + varintSize(index) + bytesSize(key) + bytesSize(value);
  let count = 0;
  for (const name in headers) {
    size += textSize(name) + headerSize(headers[name] as Uint8Array | string);
    count++;
  }
  return size + varintSize(count);
}

function headerSize(value: Uint8Array | string): number {
  return typeof value === "string" ? textSize(value) : bytesSize(value);
}

function textSize(text: string): number {
  const length = Buffer.byteLength(text);
  return varintSize(length) + length;
}

function bytesSize(bytes: Uint8Array | null): number {
  return bytes === null ? NULL_LENGTH : varintSize(bytes.length) + bytes.length;
}

function putRecord(into: Buffer, begin: number, { key, value, headers }: OutgoingMessage, index: number): number {
  into[begin] = 0;
  into[begin + 1] = 0;
  let at = putVarint(into, begin + FIXED_BYTES, index);
  at = putBytes(into, at, key);
  at = putBytes(into, at, value);
  const names = Object.keys(headers);
  at = putVarint(into, at, names.length);
  for (const name of names) {
    at = putText(into, at, name);
    const header = headers[name] as Uint8Array | string;
    at = typeof header === "string" ? putText(into, at, header) : putBytes(into, at, header);
  }
  return at;
}

function putBytes(into: Buffer, at: number, bytes: Uint8Array | null): number {
  if (bytes === null) {
    // A length of -1.
    into[at] = 1;
    return at + NULL_LENGTH;
  }
  const begin = putVarint(into, at, bytes.length);
  into.set(bytes, begin);
  return begin + bytes.length;
}

function putText(into: Buffer, at: number, text: string): number {
  const begin = putVarint(into, at, Buffer.byteLength(text));
  return begin + into.write(text, begin);
}

/** A number that is not negative, zigzag-encoded: doubled, seven bits a byte, the lowest first. */
function putVarint(into: Buffer, begin: number, value: number): number {
  let at = begin;
  let rest = value * 2;
  while (rest > 0x7f) {
    into[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  into[at++] = rest;
  return at;
}

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value * 2; rest > 0x7f; rest >>>= 7) size++;
  return size;
}
