/** A reject as a message: the record as it came, a key that tells doubles, and in headers everything that is known of it. */
import { decodeRaw, type Reject, type RejectStage } from "../../core/reject.ts";
import type { OutgoingMessage } from "./client/producer-port.ts";
import { partitionOf } from "./split-name.ts";

/** Names of the headers. What is absent in a reject has no header. */
export const DEAD_LETTER_HEADERS = {
  code: "millrace-code",
  message: "millrace-message",
  stage: "millrace-stage",
  /** Of a source of messages: where it was read. */
  topic: "millrace-topic",
  partition: "millrace-partition",
  offset: "millrace-offset",
  /** Of any source: its split, the records before it there, the token where it begins, its line. */
  split: "millrace-split",
  ordinal: "millrace-ordinal",
  token: "millrace-token",
  line: "millrace-line",
  job: "millrace-job",
  run: "millrace-run",
  scope: "millrace-scope",
  sink: "millrace-sink",
  output: "millrace-output",
  attempts: "millrace-attempts",
  at: "millrace-time",
  rawEncoding: "millrace-raw-encoding",
  /** Bytes of a record that the topic does not take; the value is empty then. */
  omitted: "millrace-omitted-bytes",
} as const;

/** How much of a reason goes with a record that was too large. */
const SHORT_REASON = 1_000;
const NOTHING = new Uint8Array();

/** The messages of one topic of rejects. */
export class DeadLetters {
  readonly #ofMessages: boolean;

  /** @param ofMessages whether what the job reads are messages, so that a split is a partition and a token an offset */
  constructor(ofMessages: boolean) {
    this.#ofMessages = ofMessages;
  }

  /** The value is the record's bytes. */
  of(reject: Reject): OutgoingMessage {
    return { key: keyOf(reject), value: decodeRaw(reject), headers: this.#headersOf(reject) };
  }

  /**
   * For a topic that does not take the record: where it is, and how large. The value is empty and not null, which a compacted
   * topic would take for the end of its key.
   */
  withoutRecord(reject: Reject): OutgoingMessage {
    const { message } = reject;
    const reason = message.length > SHORT_REASON ? `${message.slice(0, SHORT_REASON)}...` : message;
    const bytes = decodeRaw(reject).byteLength;
    const headers = {
      ...this.#headersOf({ ...reject, message: reason }),
      [DEAD_LETTER_HEADERS.omitted]: String(bytes),
    };
    return { key: keyOf(reject), value: NOTHING, headers };
  }

  #headersOf(reject: Reject): OutgoingMessage["headers"] {
    const { position, raw: _raw, ...facts } = reject;
    const known = { ...facts, ordinal: position.ordinal, token: position.token, ...this.#originOf(reject) };
    const headers: { [name: string]: string } = {};
    for (const [fact, value] of Object.entries(known)) {
      if (value !== undefined) headers[DEAD_LETTER_HEADERS[fact as keyof typeof known]] = String(value);
    }
    return headers;
  }

  #originOf({ split, position }: Reject): { topic?: string; partition?: number; offset?: string } {
    return this.#ofMessages ? { ...partitionOf(split), offset: position.token } : {};
  }
}

/** What a reject is told apart by, everywhere. */
function keyOf({ job, scope, split, position, sink, output }: Reject): Uint8Array {
  return Buffer.from(JSON.stringify([job, scope, split, position.token, sink ?? "", output ?? null]));
}

/**
 * The reject that a message was made of; null for a message that is none.
 *
 * @param value the message's own
 */
export function rejectOf(headers: Readonly<{ [name: string]: string }> | null, value: Buffer): Reject | null {
  if (!/^\d+$/.test(headers?.[DEAD_LETTER_HEADERS.ordinal] ?? "")) return null;
  const optional = (fact: keyof typeof DEAD_LETTER_HEADERS): string | undefined => headers?.[DEAD_LETTER_HEADERS[fact]];
  const text = (fact: keyof typeof DEAD_LETTER_HEADERS): string => optional(fact) ?? "";
  const [line, sink, output, omitted] = [optional("line"), optional("sink"), optional("output"), optional("omitted")];
  const rawEncoding = text("rawEncoding") === "base64" ? "base64" : "utf8";
  const lost = omitted === undefined ? "" : ` (the record, ${omitted} bytes, was too large for the topic)`;
  return {
    job: text("job"),
    run: text("run"),
    scope: text("scope"),
    split: text("split"),
    position: { ordinal: BigInt(text("ordinal")), token: text("token") },
    ...(line !== undefined && { line: Number(line) }),
    stage: text("stage") as RejectStage,
    ...(sink !== undefined && { sink }),
    ...(output !== undefined && { output: Number(output) }),
    code: text("code"),
    message: text("message") + lost,
    raw: value.toString(rawEncoding),
    rawEncoding,
    attempts: Number(text("attempts")),
    at: text("at"),
  };
}
