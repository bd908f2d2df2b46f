/** What errors of kafkajs mean. */
import { MillraceError } from "../../../../core/errors.ts";
import { messageOf } from "../../../../core/thrown.ts";
import { connectionFault } from "./connection-faults.ts";
import { TOKEN_ADVICE, TOKEN_REFUSED } from "./logins.ts";

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
  TOKEN_REFUSED: TOKEN_ADVICE,
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
  const type = error.type ?? loginFault(error);
  const known = ADVICE[type ?? ""] ?? ADVICE[error.name ?? ""];
  const met = known === undefined ? connectionFault(thrown) : undefined;
  const advice = known ?? met?.advice;
  const told = met?.told ?? messageOf(thrown);
  const isTheirs = error.name?.startsWith("KafkaJS") === true || typeof error.code === "string";
  const passes = isTheirs && known === undefined && met?.lasting !== true;
  return new MillraceError("SOURCE_FAILED", `${doing}: ${advice === undefined ? told : `${told}; ${advice}`}`, {
    cause: thrown,
    fault: passes ? "transient" : "fatal",
    ...(type === undefined ? {} : { details: { type } }),
  });
}

/** kafkajs has a name for logins that fail, and its authenticator one for tokens that were refused. */
function loginFault({ name, message = "" }: WireError): string | undefined {
  if (name !== "KafkaJSSASLAuthenticationError") return undefined;
  return message.startsWith(TOKEN_REFUSED) ? "TOKEN_REFUSED" : "SASL_AUTHENTICATION_FAILED";
}
