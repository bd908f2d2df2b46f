/** The nodes of a cluster, connected when they are needed. */
import { MillraceError } from "../../../../core/errors.ts";
import type { KafkaConnection } from "../connection.ts";
import { AnswerMemory } from "./answer-memory.ts";
import { faultOf } from "./faults.ts";
import { mendIdleQueues } from "./idle-queue.ts";
import { saslOf } from "./logins.ts";
import { type Metadata, metadataCall, type NodeAddress } from "./metadata.ts";
import { Sockets } from "./sockets.ts";
import { type WireBroker, wireBroker } from "./wire.ts";

const METADATA = 3;
const GROUP = 0;

interface Node extends NodeAddress {
  readonly broker: WireBroker;
}

/** One client's view of a cluster; disposing cuts its connections. */
export class Cluster implements Disposable {
  /** Where answers lie that came over the cluster's connections. */
  readonly answers = new AnswerMemory();
  readonly #connection: KafkaConnection;
  readonly #sockets = new Sockets({ reusesMemory: true });
  readonly #nodes = new Map<number, Node>();

  constructor(connection: KafkaConnection) {
    mendIdleQueues();
    this.#connection = connection;
  }

  /** For messages: what the user wrote. */
  get address(): string {
    return `kafka ${this.#connection.brokers.join(", ")}`;
  }

  /**
   * Asks whoever answers, and learns the nodes anew.
   *
   * @param topics null: all of them
   * @throws MillraceError SOURCE_FAILED
   */
  async metadata(topics: readonly string[] | null): Promise<Metadata> {
    const { broker, answer } = await this.#askAny(async (asked) => {
      const newest = asked.versions?.[METADATA]?.maxVersion ?? 0;
      return asked.connectionPool.send(metadataCall(topics, newest));
    });
    this.#learn(answer.nodes, broker);
    return answer;
  }

  /** A node, connected. @throws what kafkajs throws */
  async node(id: number): Promise<WireBroker> {
    const node = this.#nodes.get(id);
    if (node === undefined) throw new MillraceError("SOURCE_FAILED", `node ${id} is unknown`, { fault: "transient" });
    if (!node.broker.isConnected()) await node.broker.connect();
    return node.broker;
  }

  /** The node that keeps a group. @throws what kafkajs throws */
  async coordinator(groupId: string): Promise<WireBroker> {
    if (this.#nodes.size === 0) await this.metadata([]);
    const { answer } = await this.#askAny(
      (asked) => asked.findGroupCoordinator({ groupId, coordinatorType: GROUP }),
      `${this.address}: group ${groupId}`,
    );
    const { nodeId: id, host, port } = answer.coordinator;
    if (!this.#nodes.has(id)) this.#nodes.set(id, { id, host, port, broker: this.#make(host, port) });
    return this.node(id);
  }

  [Symbol.dispose](): void {
    this.#sockets.cut();
    this.#nodes.clear();
  }

  /** Known nodes first, those of the config when none of them answers. */
  async #askAny<Answer>(
    ask: (broker: WireBroker) => Promise<Answer>,
    doing = this.address,
  ): Promise<{ broker: WireBroker; answer: Answer }> {
    const known = [...this.#nodes.values()].map(({ broker }) => broker);
    let last: unknown;
    for (const broker of shuffled(known)) {
      try {
        if (!broker.isConnected()) await broker.connect();
        return { broker, answer: await ask(broker) };
      } catch (thrown) {
        last = thrown;
        if (isAnswer(thrown)) throw faultOf(thrown, doing);
      }
    }
    for (const address of shuffled(this.#connection.brokers)) {
      const broker = this.#make(...parseAddress(address));
      try {
        await broker.connect();
        return { broker, answer: await ask(broker) };
      } catch (thrown) {
        last = thrown;
        if (isAnswer(thrown)) break;
      }
    }
    throw faultOf(last, doing);
  }

  /** A node keeps its connections as long as its address stays. */
  #learn(nodes: readonly NodeAddress[], asked: WireBroker): void {
    for (const { id, host, port } of nodes) {
      const known = this.#nodes.get(id);
      if (known?.host === host && known.port === port) continue;
      this.#nodes.set(id, { id, host, port, broker: this.#make(host, port) });
    }
    const ids = new Set(nodes.map(({ id }) => id));
    for (const id of this.#nodes.keys()) if (!ids.has(id)) this.#nodes.delete(id);
    const isKept = [...this.#nodes.values()].some(({ broker }) => broker === asked);
    if (!isKept) asked.disconnect().catch(() => {});
  }

  #make(host: string, port: number): WireBroker {
    const { clientId, ssl, login, connectTimeoutMs, requestTimeoutMs } = this.#connection;
    const target = {
      host,
      port,
      clientId,
      ssl: ssl === true ? {} : ssl === false ? null : ssl,
      sasl: login === null ? null : saslOf(login, "SOURCE_FAILED"),
      connectionTimeout: connectTimeoutMs,
      requestTimeout: requestTimeoutMs,
      socketFactory: this.#sockets.factory,
    };
    return wireBroker(target, this.answers);
  }
}

/** Whether a broker was reached and has said no: another one would say the same. */
function isAnswer(thrown: unknown): boolean {
  return faultOf(thrown, "").fault === "fatal";
}

function parseAddress(address: string): [host: string, port: number] {
  const colon = address.lastIndexOf(":");
  return [address.slice(0, colon).replace(/^\[(.*)\]$/, "$1"), Number(address.slice(colon + 1))];
}

/** So that not every client begins with the first. */
function shuffled<Item>(items: readonly Item[]): Item[] {
  const rest = [...items];
  const begin = Math.floor(Math.random() * rest.length);
  return [...rest.slice(begin), ...rest.slice(0, begin)];
}
