/** What errors of kafkajs mean. */
import { MillraceError } from "../../../../core/errors.ts";
import { messageOf } from "../../../../core/thrown.ts";

/** The parts of kafkajs' errors that say something. */
interface WireError {
  readonly name?: string;
  readonly message?: string;
  /** Of what a broker answered: REBALANCE_IN_PROGRESS. */
  readonly type?: string;
  /** Of a socket: ECONNREFUSED. */
  readonly code?: unknown;
}

const NEWER_BROKERS = "brokers of Kafka 2.3 or newer are needed";

/** What a refusal that does not pass by itself asks of the user; all others are told in the broker's own words. */
const ADVICE: { readonly [type: string]: string } = {
  SASL_AUTHENTICATION_FAILED: "check sasl: mechanism, username and password",
  UNSUPPORTED_SASL_MECHANISM: "set sasl.mechanism to one that the broker offers",
  TOPIC_AUTHORIZATION_FAILED: "grant the user Read and Describe on the topic",
  GROUP_AUTHORIZATION_FAILED: "grant the user Read on the group",
  CLUSTER_AUTHORIZATION_FAILED: "grant the user what it needs on the cluster",
  INVALID_SESSION_TIMEOUT:
    "set sessionTimeout between the broker's group.min.session.timeout.ms and group.max.session.timeout.ms",
  INCONSISTENT_GROUP_PROTOCOL: "other members of the group are of another kind: give this job a group of its own",
  INVALID_GROUP_ID: "set another group",
  INVALID_TOPIC_EXCEPTION: "no topic can have this name",
  UNSUPPORTED_VERSION: NEWER_BROKERS,
  KafkaJSServerDoesNotSupportApiKey: NEWER_BROKERS,
};

/** Answers after which a member has to join again. */
const REJOIN = new Set([
  "REBALANCE_IN_PROGRESS",
  "ILLEGAL_GENERATION",
  "UNKNOWN_MEMBER_ID",
  "NOT_COORDINATOR_FOR_GROUP",
]);

/** What the broker called it. */
export function typeOf(thrown: unknown): string | undefined {
  return (thrown as WireError | undefined)?.type;
}

/** Whether the group goes on and this member has only to join again. */
export function asksToRejoin(thrown: unknown): boolean {
  return REJOIN.has(typeOf(thrown) ?? "");
}

/**
 * An error of kafkajs as one of ours.
 *
 * @param doing what failed and on what: `kafka 10.0.0.1:9092: joining group etl`
 */
export function faultOf(thrown: unknown, doing: string): MillraceError {
  if (thrown instanceof MillraceError) return thrown;
  const error = (typeof thrown === "object" && thrown !== null ? thrown : {}) as WireError;
  const type =
    error.type ?? (error.name === "KafkaJSSASLAuthenticationError" ? "SASL_AUTHENTICATION_FAILED" : undefined);
  const advice = ADVICE[type ?? ""] ?? ADVICE[error.name ?? ""] ?? tlsAdvice(thrown);
  const isTheirs = error.name?.startsWith("KafkaJS") === true || typeof error.code === "string";
  const help = advice ?? hintOf(error);
  const told = help === undefined ? messageOf(thrown) : `${messageOf(thrown)}; ${help}`;
  return new MillraceError("SOURCE_FAILED", `${doing}: ${told}`, {
    cause: thrown,
    fault: isTheirs && advice === undefined ? "transient" : "fatal",
    ...(type === undefined ? {} : { details: { type } }),
  });
}

/** Certificates do not become better by waiting. */
function tlsAdvice(thrown: unknown): string | undefined {
  const message = messageOf(thrown);
  if (/certificate|self-signed|altnames|CERT_|unable to (verify|get)/i.test(message)) {
    return "check ssl: ca, cert and key, and that the certificate is for this host";
  }
  return undefined;
}

/** What a fault may come from that may also pass by itself. */
function hintOf({ name, message = "" }: WireError): string | undefined {
  if (/before secure TLS|wrong version number|packet length|SSL routines/i.test(message))
    return "does that port speak TLS?";
  if (name === "KafkaJSConnectionClosedError" || /ECONNRESET|EPIPE/.test(message)) {
    return "the listener closes connections: is it one that wants ssl or sasl?";
  }
  return undefined;
}
