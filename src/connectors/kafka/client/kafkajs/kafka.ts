/** kafkajs as the sink uses it: quiet, and over sockets that can be cut. */
import { Kafka, logLevel } from "kafkajs";
import type { KafkaConnection } from "../connection.ts";
import { mendAbortedMessages } from "./aborted-messages.ts";
import { mendIdleQueues } from "./idle-queue.ts";
import { saslOf } from "./logins.ts";
import type { Sockets } from "./sockets.ts";

/**
 * What kafkajs does by itself about an outage, before it becomes the run's: long enough for a new leader to be elected, and
 * with short pauses, since a transaction right behind another one is put off for a moment.
 */
export const RETRY = { initialRetryTime: 10, maxRetryTime: 1_000, retries: 10, multiplier: 2 } as const;

/** A client; it connects to nothing before it is asked something. */
export function kafkaOf(connection: KafkaConnection, sockets: Sockets): Kafka {
  mendIdleQueues();
  mendAbortedMessages();
  const { brokers, clientId, ssl, login, connectTimeoutMs, requestTimeoutMs } = connection;
  return new Kafka({
    brokers: [...brokers],
    clientId,
    ...(ssl !== false && { ssl: ssl === true ? {} : { ...ssl } }),
    ...(login !== null && { sasl: saslOf(login, "SINK_UNAVAILABLE") }),
    connectionTimeout: connectTimeoutMs,
    authenticationTimeout: connectTimeoutMs,
    requestTimeout: requestTimeoutMs,
    retry: RETRY,
    socketFactory: sockets.factory,
    logLevel: logLevel.NOTHING,
  });
}
