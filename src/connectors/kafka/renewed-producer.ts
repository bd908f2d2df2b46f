/** An idempotent producer that is another one after every failure. */
import { isMillraceError } from "../../core/errors.ts";
import type { IdempotentProducer, MessageSender, PartitionBatch, ProducerClient } from "./client/producer-port.ts";

/**
 * Sends over a producer that is opened when it is needed. One that has failed is not used again: it would number its next
 * messages like those that may have arrived, and the broker would take them for the same.
 */
export class RenewedProducer implements MessageSender {
  readonly #client: Pick<ProducerClient, "openProducer">;
  #producer: Promise<IdempotentProducer> | undefined;

  /** @param client disposes of the producers that are still open */
  constructor(client: Pick<ProducerClient, "openProducer">) {
    this.#client = client;
  }

  async send(batch: PartitionBatch): Promise<void> {
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
