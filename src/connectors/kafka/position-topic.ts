/** The topic that keeps positions, as one sink sees it. */
import { isMillraceError, MillraceError } from "../../core/errors.ts";
import type { KeptMessage, OutgoingMessage, PartitionBatch, ProducerClient } from "./client/producer-port.ts";
import { type PositionRecord, readKey, readPosition, type RunRecord, type SinkKey } from "./position-records.ts";

const SETTINGS = {
  partitions: 1,
  // Small segments are compacted soon, so that whoever takes a job up has little to read.
  settings: { "cleanup.policy": "compact", "segment.bytes": "16777216", "min.cleanable.dirty.ratio": "0.1" },
};

/** Reads on from where it was read last. */
export class PositionTopic {
  /** By scope and split. */
  readonly #splits = new Map<string, Map<string, PositionRecord>>();
  readonly runs = new Map<string, RunRecord>();
  readonly name: string;
  readonly #client: ProducerClient;
  readonly #key: SinkKey;
  #next = 0n;

  constructor(client: ProducerClient, name: string, key: SinkKey) {
    this.#client = client;
    this.name = name;
    this.#key = key;
  }

  /**
   * Makes the topic where it is missing.
   *
   * @throws MillraceError SINK_REFUSED when there is one that cannot keep positions, or none can be made
   */
  async ensure(): Promise<void> {
    await this.#client.ensureTopic(this.name, SETTINGS);
    const partitions = await this.#client.partitionsOf(this.name);
    if (partitions === 1) return;
    throw new MillraceError(
      "SINK_REFUSED",
      `sink.stateTopic: ${this.name} has ${partitions} partitions; positions need a compacted topic with one`,
    );
  }

  get scopes(): readonly string[] {
    return [...this.#splits.keys()];
  }

  /** The splits of a scope. */
  splits(scope: string): ReadonlyMap<string, PositionRecord> {
    return this.#splits.get(scope) ?? new Map<string, PositionRecord>();
  }

  /** Takes in all that is decided by now; waits for transactions that are not, or stops at the first one. */
  async refresh(upTo: "end" | "open" = "end"): Promise<void> {
    const take = ({ key, value }: KeptMessage): void => this.#take(key, value);
    this.#next = await this.#client.readCommitted(this.name, this.#next, take, upTo);
  }

  /** The same, where the topic may never have been made. */
  async refreshIfThere(): Promise<void> {
    try {
      await this.refresh();
    } catch (thrown) {
      if (!isMillraceError(thrown, "TABLE_UNKNOWN")) throw thrown;
    }
  }

  /** What is to be sent for these records to be kept. */
  batch(messages: readonly OutgoingMessage[]): PartitionBatch {
    return { topic: this.name, partition: 0, messages };
  }

  #take(text: string, value: string | null): void {
    const key = readKey(text, this.#key);
    if (key === null) return;
    if (key.kind === "run") {
      if (value === null) this.runs.delete(key.run);
      else this.runs.set(key.run, JSON.parse(value) as RunRecord);
      return;
    }
    const splits = this.#splits.get(key.scope) ?? new Map<string, PositionRecord>();
    this.#splits.set(key.scope, splits);
    if (value === null) splits.delete(key.split);
    else splits.set(key.split, readPosition(value));
    if (splits.size === 0) this.#splits.delete(key.scope);
  }
}
