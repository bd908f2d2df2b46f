/**
 * Who may move which splits on, where positions live in a Kafka topic (docs/decisions/0026).
 *
 * Kafka compares nothing, but it fences: of all producers with one transactional id only the latest can commit. So a split's
 * record names its owner, a transactional id that nobody else ever writes with. To take a split over is to fence the owner
 * that its record names, to read the record again, which nobody can change any more, and to write it with a higher epoch and
 * another owner. Who does this holds the scope's claim id, so that of two who do it at the same time one fails and begins
 * anew. An owner takes its id only once: after any failure it goes the same way as a stranger, to a fresh id, and finds its
 * splits its own or not.
 */
import { randomUUID } from "node:crypto";
import { type Clock, sleep } from "../../core/clock.ts";
import { isMillraceError, MillraceError } from "../../core/errors.ts";
import type { Advance, Claim, Progress, SinkSession } from "../../core/ports/sink.ts";
import { NO_COUNTS } from "../../core/ledger.ts";
import type { OutgoingMessage, ProducerClient, Transaction, TransactionalProducer } from "./client/producer-port.ts";
import { type PositionRecord, progressOf, runMessage, type RunRecord, splitMessage } from "./position-records.ts";
import type { PositionTopic } from "./position-topic.ts";

/** What ownership is made of. */
export interface OwnershipOptions {
  readonly client: ProducerClient;
  readonly topic: PositionTopic;
  readonly session: SinkSession;
  readonly clock: Clock;
}

/** All transactional ids begin so: access lists grant them by this prefix. */
const ID_PREFIX = "millrace/";

/** Others may be claiming splits of the same scope; each needs a moment. */
const CLAIM_ATTEMPTS = 25;
const CLAIM_PAUSE_MS = 40;

/** The splits of one writer. */
export class Ownership implements AsyncDisposable {
  readonly #options: OwnershipOptions;
  /** As far as this process knows; only it can change them. */
  readonly #rows = new Map<string, PositionRecord>();
  /** Ids that this process has had. */
  readonly #mine = new Set<string>();
  #producer: TransactionalProducer | null = null;

  constructor(options: OwnershipOptions) {
    this.#options = options;
  }

  /** Whether transactions can be begun; not before the first claim, nor after a failure. */
  get ready(): boolean {
    return this.#producer !== null;
  }

  /** Takes splits over. @throws MillraceError SINK_UNAVAILABLE, SINK_REFUSED */
  async claim(claims: readonly Claim[]): Promise<readonly Progress[]> {
    await this.#take(claims);
    return claims.map(({ split }) => progressOf(split, this.#row(split)));
  }

  /** After a failure: what is still this process's goes on under a fresh id, what is not is forgotten. */
  async renew(): Promise<void> {
    await this.#take([]);
  }

  /** All splits of the scope as they are stored, once what was under way has ended. */
  async stored(): Promise<readonly Progress[]> {
    await this.renew();
    const { topic, session } = this.#options;
    return Array.from(topic.splits(session.scope), ([split, row]) => progressOf(split, row));
  }

  /** @throws MillraceError FENCED, SINK_UNAVAILABLE */
  async begin(): Promise<Transaction> {
    if (this.#producer === null) throw new MillraceError("INVARIANT", "a transaction without an owner");
    return await this.#producer.begin();
  }

  /** Something failed: nobody knows what the producer can still do. */
  async giveUp(): Promise<void> {
    const producer = this.#producer;
    this.#producer = null;
    await producer?.[Symbol.asyncDispose]();
  }

  /** The compare of a step, as far as this process knows. @throws MillraceError FENCED */
  assertOwned(advances: readonly Advance[]): void {
    for (const { split, epoch, from } of advances) {
      const row = this.#rows.get(split);
      if (row?.epoch === epoch && row.position.ordinal === from) continue;
      const stands =
        row === undefined ? "it is another process's" : `it stands at ${row.position.ordinal}, epoch ${row.epoch}`;
      throw new MillraceError(
        "FENCED",
        `sink "${this.#options.session.sink}", split ${split}: a step from ${from} in epoch ${epoch}, but ${stands}`,
      );
    }
  }

  /** The set of a step: sends the records in the unit's transaction. */
  async store(transaction: Transaction, advances: readonly Advance[]): Promise<void> {
    const { topic, session } = this.#options;
    const rows = advances.map((advance) => [advance.split, this.#advanced(advance)] as const);
    if (rows.length === 0) return;
    const messages = rows.map(([split, row]) => splitMessage(session, session.scope, split, row));
    await transaction.send(topic.batch(messages));
  }

  /** The transaction has been committed. */
  apply(advances: readonly Advance[]): void {
    for (const advance of advances) this.#rows.set(advance.split, this.#advanced(advance));
  }

  /** Notes something about the run itself. */
  async note(state: RunRecord["state"]): Promise<void> {
    const { topic } = this.#options;
    if (!this.ready) await this.renew();
    await this.commitAlone((transaction) => transaction.send(topic.batch([this.#runMessage(state)])));
  }

  /** Sends that drop all splits owned here, and say of their runs that they were given up. */
  async forget(transaction: Transaction): Promise<void> {
    const { topic, session } = this.#options;
    const splits = [...this.#rows.keys()].map((split) => splitMessage(session, session.scope, split, null));
    const runs = [...topic.runs].filter(([, { scope, state }]) => scope === session.scope && state === "running");
    const at = this.#now();
    const given = runs.map(([run, record]) => runMessage(session, run, { ...record, state: "abandoned", at }));
    await transaction.send(topic.batch([...splits, ...given]));
  }

  /** A transaction without messages of the sink. */
  async commitAlone(work: (transaction: Transaction) => Promise<void>): Promise<void> {
    const transaction = await this.begin();
    await work(transaction);
    await transaction.commit();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.giveUp();
  }

  #advanced({ split, to, counts }: Advance): PositionRecord {
    return { ...this.#row(split), position: to, counts, at: this.#now() };
  }

  #row(split: string): PositionRecord {
    const row = this.#rows.get(split);
    if (row === undefined) throw new MillraceError("INVARIANT", `split ${split} was never claimed`);
    return row;
  }

  /** Again and again while others claim splits of the scope. */
  async #take(claims: readonly Claim[]): Promise<void> {
    const { clock, session } = this.#options;
    await this.giveUp();
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#takeOnce(claims);
      } catch (thrown) {
        await this.giveUp();
        const isLost = isMillraceError(thrown, "FENCED", "COMMIT_AMBIGUOUS");
        if (!isLost) throw thrown;
        if (attempt === CLAIM_ATTEMPTS) {
          const message = `sink "${session.sink}": others keep claiming splits of it: ${thrown.message}`;
          throw new MillraceError("SINK_UNAVAILABLE", message, { cause: thrown });
        }
        await sleep(clock, CLAIM_PAUSE_MS * (1 + (attempt % 4)), session.signal);
      }
    }
  }

  async #takeOnce(claims: readonly Claim[]): Promise<void> {
    const { client, topic, session } = this.#options;
    const prefix = `${ID_PREFIX}${session.job}/${session.sink}/${session.scope}`;
    await using claimer = await client.openTransactions(`${prefix}/claim`);
    const claiming = await claimer.begin();
    await this.#fenceOwners(claims);

    const owner = `${prefix}/${randomUUID()}`;
    this.#mine.add(owner);
    const rows = this.#rowsToWrite(claims, owner);
    // Before its name can be read: later it would take its id back from whoever has fenced it meanwhile.
    this.#producer = await client.openTransactions(owner);
    const messages = Array.from(rows, ([split, row]) => splitMessage(session, session.scope, split, row));
    // Who only looks at positions has no run.
    if (claims.length > 0 && session.run !== "") messages.push(this.#runMessage("running"));
    if (messages.length > 0) await claiming.send(topic.batch(messages));
    await claiming.commit();
    this.#rows.clear();
    for (const [split, row] of rows) this.#rows.set(split, row);
    await topic.refresh("open");
  }

  /**
   * Ends what the owners of the claimed splits have under way, and what this process itself may have: nobody but who holds
   * the claim id can change them then. Others that have taken a split from this process are left in peace.
   *
   * An owner that was killed may have left a transaction open, which only its fence ends before its time is over: so the
   * first look goes no further than that, and whom it has not shown is shown by the next one.
   */
  async #fenceOwners(claims: readonly Claim[]): Promise<void> {
    const { client, topic } = this.#options;
    const fenced = new Set<string>();
    await topic.refresh("open");
    let owners = this.#owners(claims);
    do {
      for (const owner of owners.difference(fenced)) await client.fence(owner);
      for (const owner of owners) fenced.add(owner);
      await topic.refresh();
      owners = this.#owners(claims);
    } while (!owners.isSubsetOf(fenced));
  }

  /** Those of the claimed splits, and this process's own. */
  #owners(claims: readonly Claim[]): Set<string> {
    const { topic, session } = this.#options;
    const stored = topic.splits(session.scope);
    const claimed = claims.flatMap(({ split }) => stored.get(split)?.owner ?? []);
    const own = [...this.#rows.keys()].flatMap((split) => stored.get(split)?.owner ?? []);
    return new Set([...claimed, ...own.filter((owner) => this.#mine.has(owner))]);
  }

  #rowsToWrite(claims: readonly Claim[], owner: string): Map<string, PositionRecord> {
    const { topic, session } = this.#options;
    const stored = topic.splits(session.scope);
    const rows = new Map<string, PositionRecord>();
    for (const split of this.#rows.keys()) {
      const row = stored.get(split);
      if (row !== undefined && this.#mine.has(row.owner)) rows.set(split, { ...row, owner });
    }
    for (const { split, origin, fingerprint } of claims) {
      const fresh = {
        epoch: 0,
        position: origin,
        counts: NO_COUNTS,
        ...(fingerprint !== undefined && { fingerprint }),
      };
      const row = stored.get(split) ?? fresh;
      rows.set(split, { ...row, epoch: row.epoch + 1, owner, at: this.#now() });
    }
    return rows;
  }

  #runMessage(state: RunRecord["state"]): OutgoingMessage {
    const { topic, session } = this.#options;
    const { scope, run } = session;
    const startedAt = topic.runs.get(run)?.startedAt ?? this.#now();
    return runMessage(session, run, { scope, state, startedAt, at: this.#now() });
  }

  #now(): string {
    return new Date(this.#options.clock.now()).toISOString();
  }
}
