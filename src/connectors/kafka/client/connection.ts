/** How a client gets to a cluster: what a job's options say, with the files that they name read. */
import { readCertificates } from "../../certificates.ts";
import type { KafkaConnectionOptions } from "../options.ts";
import { readTokens } from "./bearer-token.ts";

/** Who a client says it is. */
export type KafkaLogin =
  | {
      readonly mechanism: "plain" | "scram-sha-256" | "scram-sha-512";
      readonly username: string;
      readonly password: string;
    }
  | { readonly mechanism: "oauthbearer"; readonly token: () => Promise<string> };

/** Where to connect, how, and as whom. */
export interface KafkaConnection {
  /** `host:port`; any one that answers tells of the others. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** true: encrypted, with the authorities of the system. */
  readonly ssl: boolean | { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly login: KafkaLogin | null;
  /** How long a broker may take to accept a connection, milliseconds. */
  readonly connectTimeoutMs: number;
  /** How long an answer may take, milliseconds. */
  readonly requestTimeoutMs: number;
}

const CONNECT_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 30_000;

/**
 * The connection that the options of a source or sink describe.
 *
 * @param baseDir folder that the paths of certificates start from
 * @throws MillraceError CONFIG_UNREADABLE naming key and path of a certificate or of the module of tokens; CONFIG_INVALID
 */
export async function readConnection(options: KafkaConnectionOptions, baseDir: string): Promise<KafkaConnection> {
  return {
    brokers: options.brokers,
    clientId: options.clientId,
    ssl: await readCertificates(options.ssl, baseDir),
    login: await readLogin(options.sasl, baseDir),
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
  };
}

async function readLogin(sasl: KafkaConnectionOptions["sasl"], baseDir: string): Promise<KafkaLogin | null> {
  if (sasl?.mechanism !== "oauthbearer") return sasl ?? null;
  return { mechanism: sasl.mechanism, token: await readTokens(sasl.token, baseDir) };
}
