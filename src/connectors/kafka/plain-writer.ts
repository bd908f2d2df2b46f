/** The sink at work without transactions: messages are there as soon as they are acknowledged, positions are elsewhere. */
import type { SinkUnit, SinkWriter } from "../../core/ports/sink.ts";
import type { ProducerClient } from "./client/producer-port.ts";
import { RenewedProducer } from "./renewed-producer.ts";
import { KafkaUnit, type UnitGround, type UnitSettings } from "./unit.ts";

/** Hands out units over one producer. */
export class PlainWriter implements SinkWriter {
  /** Messages of two units would mingle within a partition. */
  readonly lanes = 1;
  readonly #client: ProducerClient;
  readonly #settings: UnitSettings;
  readonly #producer: RenewedProducer;

  /** @param client disposed of with the writer */
  constructor(client: ProducerClient, settings: UnitSettings) {
    this.#client = client;
    this.#settings = settings;
    this.#producer = new RenewedProducer(client);
  }

  async begin(mode: "fast" | "careful"): Promise<SinkUnit> {
    const ground: UnitGround = {
      send: (batch) => this.#producer.send(batch),
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
}
