/** Which partition a message goes to, as Java's producer chooses it. */
import { murmur2 } from "./murmur2.ts";

/** Chooses for one topic. Messages without a key stay together: they fill one batch, and the next goes elsewhere. */
export class Partitioner {
  readonly #partitions: number;
  #sticky = 0;

  /** @param partitions of the topic */
  constructor(partitions: number) {
    this.#partitions = partitions;
  }

  partitionOf(key: Uint8Array | null): number {
    return key === null ? this.#sticky : (murmur2(key) & 0x7fffffff) % this.#partitions;
  }

  /** A batch is full: what has no key goes on in the next partition, if it was that one's. */
  turn(partition: number): void {
    if (partition === this.#sticky) this.#sticky = (this.#sticky + 1) % this.#partitions;
  }
}
