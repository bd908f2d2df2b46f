/** The sink at work without transactions: messages are there as soon as they are acknowledged, positions are elsewhere. */
import { isMillraceError } from "../../core/errors.ts";
import type { SinkUnit, SinkWriter } from "../../core/ports/sink.ts";
import type { IdempotentProducer, PartitionBatch, ProducerClient } from "./client/producer-port.ts";
import { KafkaUnit, type UnitGround, type UnitSettings } from "./unit.ts";

/** Hands out units over one producer. */
export class PlainWriter implements SinkWriter {
  /** Messages of two units would mingle within a partition. */
  readonly lanes = 1;
  readonly #client: ProducerClient;
  readonly #settings: UnitSettings;
  #producer: Promise<IdempotentProducer> | undefined;

  /** @param client disposed of with the writer */
  constructor(client: ProducerClient, settings: UnitSettings) {
    this.#client = client;
    this.#settings = settings;
  }

  async begin(mode: "fast" | "careful"): Promise<SinkUnit> {
    const ground: UnitGround = {
      send: (batch) => this.#send(batch),
      commit: (_advances, flush) => flush(),
      rollback: async () => {},
      trial: async () => null,
    };
    return new KafkaUnit(this.#settings, ground, mode === "careful");
  }

  async finish(): Promise<void> {
    // Every message was acknowledged when its unit committed.
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }

  /**
   * A producer that has failed is not used again: it would number its next messages like those that may have arrived, and the
   * broker would take them for the same.
   */
  async #send(batch: PartitionBatch): Promise<void> {
    const opening = (this.#producer ??= this.#client.openProducer());
    try {
      await (await opening).send(batch);
    } catch (thrown) {
      const isRecords = isMillraceError(thrown) && thrown.fault === "record";
      if (!isRecords && this.#producer === opening) {
        this.#producer = undefined;
        await (await opening.catch(() => undefined))?.[Symbol.asyncDispose]();
      }
      throw thrown;
    }
  }
}
