/** What errors of kafkajs mean to a sink. */
import { type ErrorCode, type FaultClass, MillraceError } from "../../../../core/errors.ts";
import { messageOf } from "../../../../core/thrown.ts";
import { connectionFault } from "./connection-faults.ts";
import { TOKEN_ADVICE, TOKEN_REFUSED } from "./logins.ts";

interface Meaning {
  readonly code: ErrorCode;
  readonly fault?: FaultClass;
  /** What happened, where kafkajs' own words are not to be shown. */
  readonly told?: string;
  /** What to do; the broker's own words say the rest. */
  readonly advice?: string;
}

const ROW: Meaning = { code: "ROW_REFUSED" };
const FENCED: Meaning = { code: "FENCED", advice: "another process has taken over" };
const refused = (advice: string): Meaning => ({ code: "SINK_REFUSED", advice });

/** By what the broker called it; anything else passes if kafkajs thinks so. */
const MEANINGS: { readonly [type: string]: Meaning } = {
  MESSAGE_TOO_LARGE: { ...ROW, advice: "the topic's max.message.bytes is the limit" },
  RECORD_LIST_TOO_LARGE: { ...ROW, advice: "the topic's segment.bytes is the limit" },
  INVALID_RECORD: { ...ROW, advice: "a compacted topic takes no message without a key" },
  INVALID_TIMESTAMP: ROW,
  INVALID_PRODUCER_EPOCH: FENCED,
  PRODUCER_FENCED: FENCED,
  UNKNOWN_TOPIC_OR_PARTITION: {
    code: "TABLE_UNKNOWN",
    told: "there is no such topic",
    advice: "create the topic, or check sink.topic",
  },
  INVALID_TOPIC_EXCEPTION: { code: "TABLE_UNKNOWN", advice: "no topic can have this name: check sink.topic" },
  TOPIC_AUTHORIZATION_FAILED: refused("grant the user Write and Describe on the topic"),
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: refused(
    "grant the user Write and Describe on transactional ids that begin with millrace/, or set transactional: false",
  ),
  CLUSTER_AUTHORIZATION_FAILED: refused("grant the user IdempotentWrite on the cluster, and Create for new topics"),
  SASL_AUTHENTICATION_FAILED: refused("check sasl: mechanism, username and password"),
  TOKEN_REFUSED: refused(TOKEN_ADVICE),
  UNSUPPORTED_SASL_MECHANISM: refused("set sasl.mechanism to one that the broker offers"),
  UNSUPPORTED_COMPRESSION_TYPE: refused("set another compression"),
  INVALID_TRANSACTION_TIMEOUT: refused(
    "raise the broker's transaction.max.timeout.ms to a minute, or set transactional: false",
  ),
  INVALID_REPLICATION_FACTOR: refused("create the topic for positions by hand, with cleanup.policy=compact"),
  POLICY_VIOLATION: refused("create the topic for positions by hand, with cleanup.policy=compact"),
  // What a new producer mends.
  OUT_OF_ORDER_SEQUENCE_NUMBER: { code: "SINK_UNAVAILABLE" },
  UNKNOWN_PRODUCER_ID: { code: "SINK_UNAVAILABLE" },
  INVALID_PRODUCER_ID_MAPPING: { code: "SINK_UNAVAILABLE" },
  INVALID_TXN_STATE: { code: "SINK_UNAVAILABLE" },
  KAFKAJS_UNKNOWN_ERROR_CODE: { code: "SINK_UNAVAILABLE" },
};

/** The parts of kafkajs' errors that say something. */
interface WireError {
  readonly name?: string;
  readonly type?: string;
  readonly code?: unknown;
  readonly retriable?: boolean;
  readonly cause?: unknown;
}

/** The broker's code of a fence that kafkajs has no name for. */
const FENCE_CODE = /Unknown error code 90\b/;

/**
 * An error of kafkajs as one of ours.
 *
 * @param doing what failed and on what: `kafka 10.0.0.1:9092: sending to orders`
 */
export function sendFault(thrown: unknown, doing: string): MillraceError {
  if (thrown instanceof MillraceError) return thrown;
  const root = rootOf(thrown);
  const type = kafkaTypeOf(root);
  const meaning = MEANINGS[type] ?? otherwise(root);
  const { code, fault, told = messageOf(root), advice } = meaning;
  return new MillraceError(code, `${doing}: ${advice === undefined ? told : `${told}; ${advice}`}`, {
    cause: thrown,
    ...(fault === undefined ? {} : { fault }),
    ...(type === "" ? {} : { details: { reason: type } }),
  });
}

/** What the broker called it; "" for what it did not say. */
export function kafkaTypeOf(thrown: unknown): string {
  const { type, name, code } = asWire(rootOf(thrown));
  if (name === "KafkaJSSASLAuthenticationError") {
    return messageOf(rootOf(thrown)).startsWith(TOKEN_REFUSED) ? "TOKEN_REFUSED" : "SASL_AUTHENTICATION_FAILED";
  }
  if (type === "KAFKAJS_UNKNOWN_ERROR_CODE" && FENCE_CODE.test(messageOf(thrown))) return "PRODUCER_FENCED";
  return type ?? (typeof code === "string" ? code : "");
}

/** kafkajs wraps what it gave up on. */
function rootOf(thrown: unknown): unknown {
  const { name, cause } = asWire(thrown);
  const wraps = name === "KafkaJSNumberOfRetriesExceeded" || name === "KafkaJSNonRetriableError";
  return wraps && cause !== undefined ? rootOf(cause) : thrown;
}

function otherwise(thrown: unknown): Meaning {
  const met = connectionFault(thrown);
  if (met !== undefined) return { code: met.lasting ? "SINK_REFUSED" : "SINK_UNAVAILABLE", ...met };
  const { name = "", type, retriable } = asWire(thrown);
  const lasting = type !== undefined && retriable === false;
  if (lasting || !name.startsWith("KafkaJS")) return { code: lasting ? "SINK_REFUSED" : "SINK_UNAVAILABLE" };
  return { code: "SINK_UNAVAILABLE", advice: "check brokers and the network" };
}

function asWire(thrown: unknown): WireError {
  return typeof thrown === "object" && thrown !== null ? thrown : {};
}
