/**
 * The slice of kafkajs that is used for reading: connections that speak the protocol, nothing above them. Its consumer
 * is left aside: the ways round its faults (docs/decisions) would be longer than a group member of our own. kafkajs is
 * pinned to one version, which is its last.
 */
import { createRequire } from "node:module";
import type { Socket } from "node:net";
import type { AnswerMemory } from "./answer-memory.ts";
import { readAnswers, type WireConnection } from "./answer-reader.ts";

const require = createRequire(import.meta.url);

/** A request as kafkajs sends it, and what reads its answer. */
export interface WireCall<Answer> {
  readonly request: {
    readonly apiKey: number;
    readonly apiVersion: number;
    readonly apiName: string;
    readonly encode: () => Promise<WireEncoder>;
  };
  readonly response: {
    readonly decode: (raw: Buffer) => Promise<Answer>;
    readonly parse: (answer: Answer) => Promise<Answer>;
  };
  /** Milliseconds; the connection's own when absent. */
  readonly requestTimeout?: number;
}

/** Bytes of a request. */
export interface WireEncoder {
  writeBuffer(bytes: Buffer): WireEncoder;
}

/** A topic with its partitions, the way most requests group them. */
interface ByTopic<Entry> {
  readonly topic: string;
  readonly partitions: readonly Entry[];
}

/** One node of a cluster. Every method rejects with an error of kafkajs. */
export interface WireBroker {
  readonly nodeId: number | null;
  readonly versions: { readonly [apiKey: number]: { readonly minVersion: number; readonly maxVersion: number } } | null;
  readonly connectionPool: { send<Answer>(call: WireCall<Answer>): Promise<Answer> };
  isConnected(): boolean;
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  findGroupCoordinator(request: {
    groupId: string;
    coordinatorType: number;
  }): Promise<{ coordinator: { nodeId: number; host: string; port: number } }>;
  joinGroup(request: {
    groupId: string;
    sessionTimeout: number;
    rebalanceTimeout: number;
    memberId: string;
    groupProtocols: readonly { name: string; metadata: Buffer }[];
  }): Promise<{
    generationId: number;
    leaderId: string;
    memberId: string;
    members: readonly { memberId: string; memberMetadata: Buffer }[];
  }>;
  syncGroup(request: {
    groupId: string;
    generationId: number;
    memberId: string;
    groupAssignment: readonly { memberId: string; memberAssignment: Buffer }[];
  }): Promise<{ memberAssignment: Buffer }>;
  heartbeat(request: { groupId: string; groupGenerationId: number; memberId: string }): Promise<unknown>;
  leaveGroup(request: { groupId: string; memberId: string }): Promise<unknown>;
  offsetCommit(request: {
    groupId: string;
    groupGenerationId: number;
    memberId: string;
    topics: readonly ByTopic<{ partition: number; offset: string }>[];
  }): Promise<unknown>;
  offsetFetch(request: { groupId: string; topics: readonly ByTopic<{ partition: number }>[] }): Promise<{
    responses: readonly ByTopic<{ partition: number; offset: string }>[];
  }>;
  listOffsets(request: {
    isolationLevel: number;
    topics: readonly ByTopic<{ partition: number; timestamp: string }>[];
  }): Promise<{ responses: readonly ByTopic<{ partition: number; offset: string }>[] }>;
}

/** What kafkajs logs with; nothing of it is shown, because what matters comes back as an error. */
export interface WireLogger {
  readonly debug: () => void;
  readonly info: () => void;
  readonly warn: () => void;
  readonly error: () => void;
  readonly namespace: () => WireLogger;
}

/** What makes the sockets of a client. */
export type SocketFactory = (target: {
  readonly host: string;
  readonly port: number;
  readonly ssl: object | null;
  readonly onConnect: () => void;
}) => Socket;

/** How a node is reached. */
export interface PoolOptions {
  readonly host: string;
  readonly port: number;
  readonly ssl: object | null;
  readonly sasl: object | null;
  readonly clientId: string;
  readonly connectionTimeout: number;
  readonly requestTimeout: number;
  readonly enforceRequestTimeout: true;
  readonly socketFactory: SocketFactory;
  readonly logger: WireLogger;
}

interface BrokerOptions {
  readonly connectionPool: object;
  readonly logger: WireLogger;
  readonly authenticationTimeout: number;
  readonly allowAutoTopicCreation: false;
}

const Broker = require("kafkajs/src/broker") as new (options: BrokerOptions) => WireBroker;
const ConnectionPool = require("kafkajs/src/network/connectionPool") as new (
  options: PoolOptions,
) => {
  readonly pool: readonly WireConnection[];
};
const Encoder = require("kafkajs/src/protocol/encoder") as new () => WireEncoder;

const silent: WireLogger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  namespace: () => silent,
};

/** One node, not yet connected. @param memory of its answers; kafkajs' own way to read them when absent */
export function wireBroker(
  options: Omit<PoolOptions, "logger" | "enforceRequestTimeout">,
  memory?: AnswerMemory,
): WireBroker {
  const connectionPool = new ConnectionPool({ ...options, logger: silent, enforceRequestTimeout: true });
  if (memory !== undefined) for (const connection of connectionPool.pool) readAnswers(connection, memory);
  const authenticationTimeout = options.connectionTimeout;
  return new Broker({ connectionPool, logger: silent, authenticationTimeout, allowAutoTopicCreation: false });
}

/** Bytes as the body of a request. */
export function wireBody(bytes: Buffer): WireEncoder {
  return new Encoder().writeBuffer(bytes);
}
