/** What goes wrong before a broker has said anything about the question: who listens there, and how it wants to be spoken to. */
import { messageOf } from "../../../../core/thrown.ts";

/** A fault of a connection, in words that help. */
export interface ConnectionFault {
  /** What happened. */
  readonly told: string;
  /** What to do. */
  readonly advice: string;
  /** It does not become better by waiting. */
  readonly lasting: boolean;
}

interface Kind {
  readonly pattern: RegExp;
  readonly advice: string;
  readonly lasting?: boolean;
}

const ANYWHERE = "check brokers and the network";

/** The first that fits. A broker that goes down closes connections too, so most of them may pass. */
const KINDS: readonly Kind[] = [
  {
    pattern: /alert (bad certificate|certificate required|unknown ca|handshake failure)/i,
    advice:
      "the broker wants a certificate of this client, or does not trust the one it got: check ssl.cert and ssl.key",
    lasting: true,
  },
  {
    pattern: /certificate|self-signed|altnames|CERT_|unable to (verify|get)/i,
    advice: "check ssl: ca, cert and key, and that the certificate is for this host",
    lasting: true,
  },
  {
    pattern: /current SASL state/,
    advice: "that listener asks for no login: take sasl out, or check the port",
    lasting: true,
  },
  {
    pattern: /before secure TLS|wrong version number|packet length|SSL routines/i,
    advice: "does that port speak TLS? Check ssl and the port",
  },
  {
    pattern: /closed connection|ECONNRESET|EPIPE/i,
    advice: "whoever listens there hangs up: is it a broker of Kafka, and is it one that wants ssl or sasl?",
  },
  { pattern: /ENOTFOUND|EAI_AGAIN/, advice: `no host has that name; ${ANYWHERE}` },
  { pattern: /ECONNREFUSED/, advice: `nobody listens there; ${ANYWHERE}` },
  { pattern: /timeout|timed out|EHOSTUNREACH|ENETUNREACH/i, advice: `nobody answers there; ${ANYWHERE}` },
];

/** What OpenSSL writes around its own words. */
const ALERT = /^(Connection error: )?.*?:(ssl\/tls alert [a-z ]+):.*$/s;

/** What a fault of a connection means; undefined for anything else. */
export function connectionFault(thrown: unknown): ConnectionFault | undefined {
  const message = messageOf(thrown);
  const kind = KINDS.find(({ pattern }) => pattern.test(message));
  if (kind === undefined) return undefined;
  const told = message.replace(ALERT, "$1$2");
  return { told, advice: kind.advice, lasting: kind.lasting ?? false };
}
