/** Runs that wrote into the sink with transactions, as the topic of positions remembers them. */
import type { Clock } from "../../core/clock.ts";
import type { Pruned, Retention } from "../../core/ports/retention.ts";
import type { UnfinishedRun } from "../../core/ports/sink.ts";
import type { OutgoingMessage, ProducerClient } from "./client/producer-port.ts";
import { runMessage, type RunRecord, type SinkKey, splitMessage } from "./position-records.ts";
import { PositionTopic } from "./position-topic.ts";

/** Splits by which the source of an unfinished run is recognised. */
const MOST_SEEN = 100;

/** The runs of one job in one sink. */
export class RunHistory {
  readonly #client: ProducerClient;
  readonly #topic: PositionTopic;
  readonly #key: SinkKey;
  readonly #clock: Clock;

  private constructor(client: ProducerClient, topic: PositionTopic, key: SinkKey, clock: Clock) {
    this.#client = client;
    this.#topic = topic;
    this.#key = key;
    this.#clock = clock;
  }

  /** Reads it; where there is no topic nobody has written yet. @throws MillraceError SINK_UNAVAILABLE, SINK_REFUSED */
  static async read(client: ProducerClient, topic: string, key: SinkKey, clock: Clock): Promise<RunHistory> {
    const positions = new PositionTopic(client, topic, key);
    await positions.refreshIfThere();
    return new RunHistory(client, positions, key, clock);
  }

  async unfinished(): Promise<readonly UnfinishedRun[]> {
    return [...this.#topic.runs]
      .filter(([, { state }]) => state === "running")
      .map(([run, { scope, startedAt }]) => {
        const splits = [...this.#topic.splits(scope)];
        const written = splits.reduce((sum, [, { counts }]) => sum + counts.written, 0);
        const seen = splits.flatMap(([split, { fingerprint }]) =>
          fingerprint === undefined ? [] : [{ split, fingerprint }],
        );
        return { run, scope, startedAt, written, seen: seen.slice(0, MOST_SEEN) };
      })
      .toSorted((a, b) => (a.startedAt < b.startedAt ? -1 : 1));
  }

  async abandon(run: string): Promise<void> {
    const known = this.#topic.runs.get(run);
    if (known === undefined) return;
    const at = new Date(this.#clock.now()).toISOString();
    await this.#write([runMessage(this.#key, run, { ...known, state: "abandoned", at })]);
  }

  /** Drops runs that are over, and the positions of scopes that no other run has. */
  async prune({ runsBefore, limit }: Retention, isOver: (run: string) => Promise<boolean>): Promise<Pruned> {
    const byAge = [...this.#topic.runs].toSorted(([, a], [, b]) => (a.startedAt < b.startedAt ? -1 : 1));
    const old = byAge.slice(0, -1).filter(([, { state, at }]) => state !== "running" && at < runsBefore);
    const over: [string, RunRecord][] = [];
    for (const entry of old.slice(0, limit)) if (await isOver(entry[0])) over.push(entry);
    if (over.length === 0) return { runs: 0, rejects: 0 };
    await this.#write([...over.map(([run]) => runMessage(this.#key, run, null)), ...this.#positionsOf(over)]);
    return { runs: over.length, rejects: 0 };
  }

  #positionsOf(over: readonly (readonly [string, RunRecord])[]): OutgoingMessage[] {
    const gone = new Set(over.map(([run]) => run));
    const kept = new Set([...this.#topic.runs].flatMap(([run, { scope }]) => (gone.has(run) ? [] : [scope])));
    const scopes = new Set(over.map(([, { scope }]) => scope).filter((scope) => scope !== "" && !kept.has(scope)));
    return [...scopes].flatMap((scope) =>
      [...this.#topic.splits(scope).keys()].map((split) => splitMessage(this.#key, scope, split, null)),
    );
  }

  async #write(messages: readonly OutgoingMessage[]): Promise<void> {
    const { job, sink } = this.#key;
    await using producer = await this.#client.openTransactions(`millrace/${job}/${sink}/history`);
    const transaction = await producer.begin();
    await transaction.send(this.#topic.batch(messages));
    await transaction.commit();
  }
}
