/** A commit unit of a Kafka sink. */
import type { Clock } from "../../core/clock.ts";
import type { MillraceError } from "../../core/errors.ts";
import { withoutRecords } from "../../core/output-rows.ts";
import type { Advance, SinkUnit, WriteOutcome, WriteReject } from "../../core/ports/sink.ts";
import type { Reject } from "../../core/reject.ts";
import type { SinkOutput } from "../../core/result.ts";
import type { MessageSender, OutgoingMessage, Transaction } from "./client/producer-port.ts";
import { type BatchLimits, PartitionSends } from "./partition-sends.ts";
import type { Partitioner } from "./partitioner.ts";
import { type MessageShape, messagesOf } from "./row-messages.ts";

/** What the units of one writer have in common. */
export interface UnitSettings {
  readonly topic: string;
  readonly partitioner: Partitioner;
  readonly limits: BatchLimits;
  readonly shape: MessageShape;
  readonly clock: Clock;
}

/** What is different with and without transactions. */
export interface UnitGround extends MessageSender {
  /** @param flush waits until all messages are acknowledged */
  commit(advances: readonly Advance[], flush: () => Promise<void>): Promise<void>;
  /** Nothing is under way any more. Never throws. */
  rollback(): Promise<void>;
  /** A transaction to try messages in, for a sink that can take messages back; else null. */
  trial(): Promise<(Transaction & AsyncDisposable) | null>;
}

const NO_REJECTS: WriteOutcome = { rejects: [] };

/** Messages of one unit; `careful` finds those that the broker does not take before anything else of their record is kept. */
export class KafkaUnit implements SinkUnit {
  readonly #settings: UnitSettings;
  readonly #ground: UnitGround;
  readonly #careful: boolean;
  readonly #sends: PartitionSends;
  #ended = false;

  constructor(settings: UnitSettings, ground: UnitGround, careful: boolean) {
    this.#settings = settings;
    this.#ground = ground;
    this.#careful = careful;
    this.#sends = new PartitionSends({ ...settings, send: (batch) => ground.send(batch) });
  }

  async write(output: SinkOutput): Promise<WriteOutcome> {
    const { shape } = this.#settings;
    if (output.rows === 0) return NO_REJECTS;
    const messages = messagesOf(output, shape);
    if (!this.#careful) {
      await this.#sends.add(messages);
      return NO_REJECTS;
    }
    await using trial = await this.#ground.trial();
    const refused = await this.#refused(messages, trial ?? this.#ground);
    const rejects = rejectsOf(output, messages, refused);
    if (trial !== null) {
      const kept = rejects.length === 0 ? output : withoutRecords(output, new Set(rejects.map(({ record }) => record)));
      await this.#sends.add(kept === output ? messages : messagesOf(kept, shape));
    }
    return { rejects };
  }

  async commit(advances: readonly Advance[], _rejects: readonly Reject[]): Promise<void> {
    try {
      await this.#ground.commit(advances, () => this.#sends.flush());
      this.#ended = true;
    } catch (thrown) {
      await this.rollback();
      throw thrown;
    }
  }

  async rollback(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#sends.drop();
    await this.#ground.rollback();
  }

  /** Sends messages and waits; those that the broker does not take, and why. */
  async #refused(
    messages: readonly OutgoingMessage[],
    to: MessageSender,
  ): Promise<ReadonlyMap<OutgoingMessage, MillraceError>> {
    const refused = new Map<OutgoingMessage, MillraceError>();
    const onRefused = (message: OutgoingMessage, why: MillraceError): void => void refused.set(message, why);
    const sends = new PartitionSends({ ...this.#settings, send: (batch) => to.send(batch), onRefused });
    try {
      await sends.add(messages);
      await sends.flush();
    } finally {
      await sends.drop();
    }
    return refused;
  }
}

/** One a record: that of its first output that was refused. */
function rejectsOf(
  { recordOfRow, rows }: SinkOutput,
  messages: readonly OutgoingMessage[],
  refused: ReadonlyMap<OutgoingMessage, MillraceError>,
): WriteReject[] {
  const rejects: WriteReject[] = [];
  if (refused.size === 0) return rejects;
  let first = 0;
  for (let row = 0; row < rows; row++) {
    const record = recordOfRow[row] as number;
    if (record !== recordOfRow[first]) first = row;
    const why = refused.get(messages[row] as OutgoingMessage);
    if (why === undefined || rejects.at(-1)?.record === record) continue;
    const several = recordOfRow[row + 1] === record || row > first;
    rejects.push({ record, ...(several && { output: row - first }), code: why.code, message: why.message });
  }
  return rejects;
}
