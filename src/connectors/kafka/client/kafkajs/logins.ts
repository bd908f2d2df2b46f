/** Logins in the shape that kafkajs takes. */
import kafkajs, { type SASLOptions } from "kafkajs";
import { type ErrorCode, MillraceError } from "../../../../core/errors.ts";
import { messageOf } from "../../../../core/thrown.ts";
import type { KafkaLogin } from "../connection.ts";

const SEPARATOR = "\u0001";

/** How the message of a broker that refused a token begins. */
export const TOKEN_REFUSED = "SASL OAUTHBEARER authentication failed";

/** What a refused token asks of the user. */
export const TOKEN_ADVICE = "check that what sasl.token gives is meant for this cluster and has not expired";

/** What kafkajs gives an authenticator of somebody's own. */
interface Handshake {
  readonly host: string;
  readonly port: number;
  /** Bytes go and come with their length before them. */
  readonly saslAuthenticate: (call: {
    readonly request: { readonly encode: () => Promise<Buffer> };
    readonly response: { readonly decode: (bytes: Buffer) => Promise<Buffer>; readonly parse: (bytes: Buffer) => void };
  }) => Promise<void>;
}

/** @param failure the code when there is no token: it may be there soon */
export function saslOf(login: KafkaLogin, failure: ErrorCode): SASLOptions {
  if (login.mechanism !== "oauthbearer") return { ...login };
  const { mechanism, token } = login;
  const authenticationProvider = (handshake: Handshake) => ({
    authenticate: async () => bear(handshake, await tokenOf(token, `${handshake.host}:${handshake.port}`, failure)),
  });
  return { mechanism, authenticationProvider } as unknown as SASLOptions;
}

async function tokenOf(token: () => Promise<string>, address: string, failure: ErrorCode): Promise<string> {
  try {
    return await token();
  } catch (cause) {
    if (cause instanceof MillraceError) throw cause;
    const message = `kafka ${address}: sasl.token: there is no token to log in with: ${messageOf(cause)}`;
    throw new MillraceError(failure, message, { cause, fault: "transient" });
  }
}

/**
 * Logs in. A broker that refuses a token says why in its answer, which the authenticator of kafkajs takes for a welcome.
 *
 * Source: RFC 7628, sections 3.1 and 3.2.2
 */
async function bear({ saslAuthenticate }: Handshake, token: string): Promise<void> {
  await saslAuthenticate({
    request: { encode: async () => sized(`n,,${SEPARATOR}auth=Bearer ${token}${SEPARATOR}${SEPARATOR}`) },
    response: {
      decode: async (bytes) => bytes.subarray(4),
      parse: (bytes) => {
        if (bytes.length > 0) throw refused(bytes.toString());
      },
    },
  });
}

/** Its types leave the message out. */
const LoginError = kafkajs.KafkaJSSASLAuthenticationError as unknown as new (message: string) => Error;

/** As kafkajs tells of logins that fail. */
function refused(answer: string): Error {
  return new LoginError(`${TOKEN_REFUSED}: ${answer}`);
}

function sized(text: string): Buffer {
  const bytes = Buffer.from(text);
  const size = Buffer.alloc(4);
  size.writeInt32BE(bytes.length);
  return Buffer.concat([size, bytes]);
}
