/** The positions that lie beside a sink's messages, for looking at them and setting them back. Does not need the sink's topic. */
import type { Clock } from "../../core/clock.ts";
import { MillraceError } from "../../core/errors.ts";
import type { KeptPosition, PositionDesk } from "../../core/ports/position-desk.ts";
import type { Advance, Progress, SinkContext, SinkSession } from "../../core/ports/sink.ts";
import type { ProgressKey } from "../../core/position.ts";
import type { ProducerClient } from "./client/producer-port.ts";
import { Ownership } from "./ownership.ts";
import { progressOf } from "./position-records.ts";
import { PositionTopic } from "./position-topic.ts";

/** Disposes of the client. */
export class KafkaPositions implements PositionDesk {
  readonly label: string;
  readonly #client: ProducerClient;
  readonly #topic: string;
  readonly #sink: string;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;

  constructor(client: ProducerClient, topic: string, { name, clock, signal }: SinkContext) {
    this.label = `kafka, topic ${topic}`;
    this.#client = client;
    this.#topic = topic;
    this.#sink = name;
    this.#clock = clock;
    this.#signal = signal ?? new AbortController().signal;
  }

  async list(job: string): Promise<readonly KeptPosition[]> {
    const topic = await this.#read(job);
    return topic.scopes.flatMap((scope) =>
      Array.from(topic.splits(scope), ([split, record]) => ({
        ...progressOf(split, record),
        scope,
        sink: this.#sink,
        updatedAt: record.at,
      })),
    );
  }

  async rewind(key: ProgressKey, steps: readonly Advance[]): Promise<void> {
    // Looked at first, so that nothing is taken over in vain.
    const stored = (await this.#read(key.job)).splits(key.scope);
    assertUnmoved(
      Array.from(stored, ([split, record]) => progressOf(split, record)),
      steps,
    );
    await using ownership = this.#ownership(key);
    const raised = steps.map((step) => ({ ...step, epoch: step.epoch + 1 }));
    assertUnmoved(await ownership.claim(steps.map(({ split, to }) => ({ split, origin: to }))), raised);
    await ownership.commitAlone((transaction) => ownership.store(transaction, raised));
  }

  async forget(key: ProgressKey): Promise<void> {
    const topic = await this.#read(key.job);
    const splits = [...topic.splits(key.scope)];
    if (splits.length === 0) return;
    await using ownership = this.#ownership(key);
    await ownership.claim(splits.map(([split, { position }]) => ({ split, origin: position })));
    await ownership.commitAlone((transaction) => ownership.forget(transaction));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }

  async #read(job: string): Promise<PositionTopic> {
    const topic = new PositionTopic(this.#client, this.#topic, { job, sink: this.#sink });
    await topic.refreshIfThere();
    return topic;
  }

  #ownership(key: ProgressKey): Ownership {
    const session: SinkSession = { ...key, run: "", signal: this.#signal, resumed: true };
    const topic = new PositionTopic(this.#client, this.#topic, key);
    return new Ownership({ client: this.#client, topic, session, clock: this.#clock });
  }
}

function assertUnmoved(rows: readonly Progress[], steps: readonly Advance[]): void {
  const stands = new Map(rows.map((row) => [row.split, row]));
  for (const { split, epoch, from } of steps) {
    const row = stands.get(split);
    if (row?.epoch === epoch && row.position.ordinal === from) continue;
    throw new MillraceError("FENCED", `split ${split} has moved meanwhile: look at it again`);
  }
}
