/**
 * What Kafka promises of transactions and no more, in memory: of all producers with one transactional id only the latest can
 * send and commit, taking an id over undoes what was open, and readers of committed messages wait for what is undecided.
 */
import { MillraceError } from "../../../src/core/errors.ts";
import type {
  KeptMessage,
  PartitionBatch,
  ProducerClient,
  Transaction,
  TransactionalProducer,
} from "../../../src/connectors/kafka/client/producer-port.ts";

/** What happens to a call: it works, or it works and its answer is lost, or it is lost itself. */
export type Fate = "ok" | "answer lost" | "lost";

/** Decides when a call takes effect, and how it ends. */
export type Network = (call: string) => Promise<Fate>;

/** After so many looks the broker ends a transaction that nobody goes on with. */
const PATIENCE = 30;

interface Deal {
  state: "open" | "committed" | "aborted";
  readonly id: string;
}

interface Entry {
  readonly key: string;
  readonly value: string | null;
  readonly deal: Deal;
}

interface Owner {
  epoch: number;
  open: Deal | null;
}

/** One cluster, whose topics are there when they are asked for. */
export class MemoryCluster {
  readonly #logs = new Map<string, Entry[]>();
  readonly #owners = new Map<string, Owner>();

  /** What readers of committed messages see, in the order of the log. */
  committed(topic: string): string[] {
    return this.#log(topic).flatMap(({ value, deal }) => (deal.state === "committed" && value !== null ? [value] : []));
  }

  /** A process's way to it. */
  client(network: Network): ProducerClient {
    const call = async <T>(
      name: string,
      work: () => T,
      whenLost: "SINK_UNAVAILABLE" | "COMMIT_AMBIGUOUS",
    ): Promise<T> => {
      const fate = await network(name);
      const result = fate === "lost" ? undefined : work();
      if (fate === "ok") return result as T;
      throw new MillraceError(whenLost, `${name}: ${fate}`);
    };
    return {
      partitionsOf: async () => 1,
      ensureTopic: async () => {},
      openProducer: () => Promise.reject(new TypeError("transactions only")),
      openTransactions: async (id) => {
        const epoch = await call(`open ${id}`, () => this.#takeOver(id), "SINK_UNAVAILABLE");
        return this.#producer(id, epoch, call);
      },
      fence: async (id) => void (await call(`fence ${id}`, () => this.#takeOver(id), "SINK_UNAVAILABLE")),
      readCommitted: async (topic, from, take, upTo) => {
        await network(`read ${topic}`);
        const end = upTo === "end" ? this.#log(topic).length : this.#firstOpen(topic);
        return this.#read(topic, { from: Number(from), end }, take, network);
      },
      [Symbol.asyncDispose]: async () => {},
    };
  }

  #producer(id: string, epoch: number, call: Call): TransactionalProducer {
    return {
      begin: async () => this.#transaction(id, epoch, call),
      [Symbol.asyncDispose]: async () => {},
    };
  }

  #transaction(id: string, epoch: number, call: Call): Transaction {
    const deal: Deal = { state: "open", id };
    const owner = this.#owner(id);
    const assertMine = (): void => {
      if (owner.epoch !== epoch || deal.state !== "open") throw new MillraceError("FENCED", `${id} is another's`);
    };
    const send = ({ topic, messages }: PartitionBatch): void => {
      assertMine();
      owner.open = deal;
      for (const { key, value } of messages)
        this.#log(topic).push({ key: textOf(key) ?? "", value: textOf(value), deal });
    };
    const end = (state: "committed" | "aborted"): void => {
      assertMine();
      deal.state = state;
      owner.open = null;
    };
    return {
      send: (batch) => call(`send to ${batch.topic}`, () => send(batch), "SINK_UNAVAILABLE"),
      commit: () => call(`commit of ${id}`, () => end("committed"), "COMMIT_AMBIGUOUS"),
      abort: () => call(`abort of ${id}`, () => end("aborted"), "SINK_UNAVAILABLE").catch(() => {}),
    };
  }

  #takeOver(id: string): number {
    const owner = this.#owner(id);
    if (owner.open !== null) owner.open.state = "aborted";
    owner.open = null;
    return ++owner.epoch;
  }

  #firstOpen(topic: string): number {
    const log = this.#log(topic);
    const open = log.findIndex(({ deal }) => deal.state === "open");
    return open === -1 ? log.length : open;
  }

  async #read(
    topic: string,
    { from, end }: { readonly from: number; readonly end: number },
    take: (message: KeptMessage) => void,
    network: Network,
  ): Promise<bigint> {
    const log = this.#log(topic);
    for (let at = from; at < end; at++) {
      const entry = log[at] as Entry;
      for (let looks = 0; entry.deal.state === "open"; looks++) {
        if (looks === PATIENCE) this.#takeOver(entry.deal.id);
        else await network(`wait for ${topic}`);
      }
      if (entry.deal.state === "committed") take(entry);
    }
    return BigInt(Math.max(from, end));
  }

  #log(topic: string): Entry[] {
    const log = this.#logs.get(topic) ?? [];
    this.#logs.set(topic, log);
    return log;
  }

  #owner(id: string): Owner {
    const owner = this.#owners.get(id) ?? { epoch: 0, open: null };
    this.#owners.set(id, owner);
    return owner;
  }
}

type Call = <T>(name: string, work: () => T, whenLost: "SINK_UNAVAILABLE" | "COMMIT_AMBIGUOUS") => Promise<T>;

function textOf(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString();
}
