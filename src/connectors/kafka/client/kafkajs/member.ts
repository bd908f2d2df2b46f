/**
 * A member of a consumer group: joins, lives a generation, joins again. A lost connection is made anew at once; where that
 * fails too the error is kept for whoever asks next, and asking once more is what starts the next attempt.
 *
 * It joins again as soon as the group asks for it, whether anybody waits for the next generation or not: the other
 * members wait for this one. Whoever still works on the old partitions has been told by `ended`, and is fenced by epochs.
 */
import { MillraceError } from "../../../../core/errors.ts";
import type { KafkaConnection } from "../connection.ts";
import type { Generation, GroupMember, GroupOptions } from "../port.ts";
import { assign, partitionsIn, STRATEGY, subscriptionOf, topicsOf } from "./assignment.ts";
import { askAgain } from "./ask-again.ts";
import { Cluster } from "./cluster.ts";
import { asksToRejoin, faultOf, typeOf } from "./faults.ts";
import { LiveGeneration } from "./generation.ts";
import type { TopicMetadata } from "./metadata.ts";
import { pause, unlessAborted, within } from "./patience.ts";
import { assertSameTopics, topicsGone } from "./topic-faults.ts";
import { wantedTopics } from "./topics.ts";
import type { WireBroker } from "./wire.ts";

const REBALANCE_TIMEOUT_MS = 60_000;
/** How long leaving the group may take. */
const LEAVE_WITHIN_MS = 2_000;
/** After a join that came to nothing. */
const REJOIN_AFTER_MS = 50;
/** How often a topic is looked for before it counts as gone. */
const LOOKS = 4;
const BETWEEN_LOOKS_MS = 250;
const UNKNOWN = "";

/** How far a member has come. */
type State =
  | { readonly kind: "waiting" }
  | { readonly kind: "living"; readonly generation: LiveGeneration }
  | { readonly kind: "broken"; readonly error: MillraceError };

/** One member; it connects when the first generation is asked for. */
export class Member implements GroupMember {
  readonly #connection: KafkaConnection;
  readonly #options: GroupOptions;
  readonly #closing = new AbortController();
  /** By name, of every topic that was ever joined for. */
  readonly #topicIds = new Map<string, string | null>();
  #memberId = UNKNOWN;
  #state: State = { kind: "waiting" };
  #changed = Promise.withResolvers<void>();
  /** Asked again after an error was given. */
  #asked = Promise.withResolvers<void>();
  /** An attempt is made without being asked: nothing has failed since there was a generation. */
  #isTrusting = true;
  #given: LiveGeneration | undefined;
  #running: Promise<void> | undefined;

  constructor(connection: KafkaConnection, options: GroupOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  async next(signal: AbortSignal): Promise<Generation | undefined> {
    const either = AbortSignal.any([signal, this.#closing.signal]);
    if (!either.aborted) this.#running ??= this.#run();
    this.#asked.resolve();
    while (!either.aborted) {
      if (this.#state.kind === "broken") throw this.#tell(this.#state.error);
      const fresh = this.#fresh();
      if (fresh !== undefined) return fresh;
      await unlessAborted(either, this.#changed.promise);
    }
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  #doing(what: string): string {
    return `kafka ${this.#connection.brokers.join(", ")}: group ${this.#options.group}: ${what}`;
  }

  /** An error that passes is told once. */
  #tell(error: MillraceError): MillraceError {
    if (error.retryable) this.#become({ kind: "waiting" });
    return error;
  }

  /** A generation that nobody has been given, if it is of use. */
  #fresh(): LiveGeneration | undefined {
    if (this.#state.kind !== "living") return undefined;
    const { generation } = this.#state;
    const isOfUse = generation !== this.#given && !generation.ended.aborted && generation.partitions.length > 0;
    if (isOfUse) this.#given = generation;
    return isOfUse ? generation : undefined;
  }

  #become(state: State): void {
    this.#state = state;
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        using cluster = new Cluster(this.#connection);
        await this.#belong(cluster);
      } catch (thrown) {
        if (signal.aborted) return;
        const isFirst = this.#isTrusting;
        this.#isTrusting = false;
        const error = faultOf(thrown, this.#doing("being a member"));
        if (isFirst && error.retryable && this.#given !== undefined) continue;
        this.#asked = Promise.withResolvers();
        this.#become({ kind: "broken", error });
        if (!error.retryable) return;
        await unlessAborted(signal, this.#asked.promise);
      }
    }
  }

  /** Joins again and again over one set of connections, until one of them fails or the member is closed. */
  async #belong(cluster: Cluster): Promise<void> {
    let coordinator: WireBroker | undefined;
    try {
      while (!this.#closing.signal.aborted) {
        const find = (): Promise<WireBroker> => cluster.coordinator(this.#options.group);
        coordinator = await askAgain(this.#doing("looking for its coordinator"), find, this.#closing.signal);
        await this.#live(cluster, coordinator);
      }
    } finally {
      if (this.#closing.signal.aborted && coordinator !== undefined) await this.#leave(coordinator);
    }
  }

  /** One generation from its beginning to its end. */
  async #live(cluster: Cluster, coordinator: WireBroker): Promise<void> {
    const { signal } = this.#closing;
    const join = (): Promise<LiveGeneration | undefined> => this.#join(cluster, coordinator);
    const joined = await unlessAborted(signal, askAgain(this.#doing("joining it"), join, signal));
    if (joined === undefined) return pause(REJOIN_AFTER_MS, signal);
    await using generation = joined;
    this.#isTrusting = true;
    this.#become({ kind: "living", generation });
    const end = await unlessAborted(signal, generation.over);
    this.#become({ kind: "waiting" });
    if (end?.kind === "fault") throw end.thrown;
    if (end?.forget === true) this.#memberId = UNKNOWN;
  }

  /** Undefined when the group wants everybody to join anew. */
  async #join(cluster: Cluster, coordinator: WireBroker): Promise<LiveGeneration | undefined> {
    const { group: groupId, sessionTimeoutMs: sessionTimeout } = this.#options;
    const topics = await this.#topics(cluster);
    try {
      const metadata = subscriptionOf(topics.map(({ name }) => name));
      const { memberId, generationId, leaderId, members } = await coordinator.joinGroup({
        groupId,
        sessionTimeout,
        rebalanceTimeout: REBALANCE_TIMEOUT_MS,
        memberId: this.#memberId,
        groupProtocols: [{ name: STRATEGY, metadata }],
      });
      this.#memberId = memberId;
      const isLeader = memberId === leaderId;
      const wanted = isLeader ? (await wantedTopics(cluster, topicsOf(members))).topics : [];
      const groupAssignment = isLeader ? assign(members, wanted) : [];
      const synced = await coordinator.syncGroup({ groupId, generationId, memberId, groupAssignment });
      if (this.#closing.signal.aborted) return undefined;
      return new LiveGeneration({
        cluster,
        coordinator,
        memberId,
        number: generationId,
        partitions: partitionsIn(synced.memberAssignment),
        topics,
        options: this.#options,
        requestTimeoutMs: this.#connection.requestTimeoutMs,
      });
    } catch (thrown) {
      if (!asksToRejoin(thrown)) throw thrown;
      if (typeOf(thrown) === "UNKNOWN_MEMBER_ID") this.#memberId = UNKNOWN;
      return undefined;
    }
  }

  /** Compares with what was there before, also over deletions and outages that nobody saw the beginning of. */
  #known(cluster: Cluster, topics: readonly TopicMetadata[]): readonly TopicMetadata[] {
    assertSameTopics(cluster.address, topics, this.#topicIds);
    for (const { name, id } of topics) this.#topicIds.set(name, id);
    return topics;
  }

  /** Tells the group that others may have the partitions at once. */
  async #leave(coordinator: WireBroker): Promise<void> {
    if (this.#memberId === UNKNOWN) return;
    const { group: groupId } = this.#options;
    await within(LEAVE_WITHIN_MS, coordinator.leaveGroup({ groupId, memberId: this.#memberId }));
  }

  /** Topics that were there when the job began; a node may hear late of a new one, so their absence is doubted at first. */
  async #topics(cluster: Cluster): Promise<readonly TopicMetadata[]> {
    for (let attempt = 1; ; attempt++) {
      const { topics, missing } = await wantedTopics(cluster, this.#options.topics);
      if (missing.length === 0 || this.#closing.signal.aborted) return this.#known(cluster, topics);
      if (attempt === LOOKS) throw topicsGone(cluster.address, missing);
      await pause(BETWEEN_LOOKS_MS, this.#closing.signal);
    }
  }
}
