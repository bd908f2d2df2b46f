/** The sink at work with transactions: a unit's messages and positions become visible together. */
import { randomUUID } from "node:crypto";
import { isMillraceError, MillraceError } from "../../core/errors.ts";
import type { Advance, Claim, Progress, SinkUnit, SinkWriter } from "../../core/ports/sink.ts";
import type { PartitionBatch, ProducerClient, Transaction } from "./client/producer-port.ts";
import type { Ownership } from "./ownership.ts";
import { KafkaUnit, type UnitGround, type UnitSettings } from "./unit.ts";

/** What a writer is made of; it disposes of the client. */
export interface TransactionalWriterOptions {
  /** For messages: `sink "orders" (kafka orders)`. */
  readonly label: string;
  readonly client: ProducerClient;
  readonly ownership: Ownership;
  readonly unit: UnitSettings;
}

/** Hands out units, each a transaction. */
export class TransactionalWriter implements SinkWriter {
  /** A producer has one transaction at a time. */
  readonly lanes = 1;
  readonly #options: TransactionalWriterOptions;

  constructor(options: TransactionalWriterOptions) {
    this.#options = options;
  }

  claim(claims: readonly Claim[]): Promise<readonly Progress[]> {
    return this.#options.ownership.claim(claims);
  }

  async progress(splits?: readonly string[]): Promise<readonly Progress[]> {
    const rows = await this.#options.ownership.stored();
    return splits === undefined ? rows : rows.filter(({ split }) => splits.includes(split));
  }

  async begin(mode: "fast" | "careful"): Promise<SinkUnit> {
    const { ownership, unit } = this.#options;
    if (!ownership.ready) await ownership.renew();
    return new KafkaUnit(unit, new TransactionGround(this.#options), mode === "careful");
  }

  async finish(): Promise<void> {
    await this.#options.ownership.note("succeeded");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The client first: it tells whoever waits for an answer that there will be none.
    await this.#options.client[Symbol.asyncDispose]();
  }
}

/** One unit's transaction; begun when there is something to send. */
class TransactionGround implements UnitGround {
  readonly #options: TransactionalWriterOptions;
  #transaction: Promise<Transaction> | undefined;
  /** What said that the producer is fenced off. */
  #fenced: MillraceError | null = null;

  constructor(options: TransactionalWriterOptions) {
    this.#options = options;
  }

  async send(batch: PartitionBatch): Promise<void> {
    const transaction = await this.#begun();
    await this.#orGiveUp(() => transaction.send(batch));
  }

  async commit(advances: readonly Advance[], flush: () => Promise<void>): Promise<void> {
    const { ownership } = this.#options;
    try {
      ownership.assertOwned(advances);
      await flush();
      const transaction = await this.#begun();
      await this.#orGiveUp(async () => {
        await ownership.store(transaction, advances);
        await transaction.commit();
      });
    } catch (thrown) {
      await this.rollback();
      throw this.#fenced === null ? thrown : await this.#judged(this.#fenced, advances);
    }
    this.#transaction = undefined;
    ownership.apply(advances);
  }

  async rollback(): Promise<void> {
    const begun = this.#transaction;
    this.#transaction = undefined;
    if (!this.#options.ownership.ready) return;
    await (await begun?.catch(() => undefined))?.abort();
  }

  async trial(): Promise<Transaction & AsyncDisposable> {
    const producer = await this.#options.client.openTransactions(`millrace/trial/${randomUUID()}`);
    const transaction = await producer.begin();
    return Object.assign(transaction, {
      [Symbol.asyncDispose]: async () => {
        await transaction.abort();
        await producer[Symbol.asyncDispose]();
      },
    });
  }

  #begun(): Promise<Transaction> {
    this.#transaction ??= this.#orGiveUp(() => this.#options.ownership.begin());
    return this.#transaction;
  }

  /**
   * What has failed once, save for a message that was refused, can do nothing any more. That it was fenced off is told as
   * something that may pass: which splits are still this process's is known only when the unit commits.
   */
  async #orGiveUp<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      if (!isMillraceError(thrown) || thrown.fault !== "record") await this.#options.ownership.giveUp();
      if (!isMillraceError(thrown, "FENCED")) throw thrown;
      this.#fenced = thrown;
      throw new MillraceError("SINK_UNAVAILABLE", thrown.message, { cause: thrown });
    }
  }

  /**
   * A producer is fenced off by whoever takes one of its splits over, and by the broker when a transaction lasts too long. The
   * records tell whose the unit's splits are.
   */
  async #judged(fenced: MillraceError, advances: readonly Advance[]): Promise<MillraceError> {
    const { ownership, label } = this.#options;
    await ownership.renew();
    try {
      ownership.assertOwned(advances);
    } catch (thrown) {
      return MillraceError.from(thrown);
    }
    const why = "the broker has ended the transaction: it lasted too long, or another split was taken over";
    return new MillraceError("SINK_UNAVAILABLE", `${label}: ${why}`, { cause: fenced });
  }
}
