/** How the HTTP server of a runtime is asked for, and what of it is refused. */
import { MillraceError } from "../../core/errors.ts";
import { isLoopback } from "../../core/loopback.ts";

/** `admin` of a runtime. */
export interface AdminOptions {
  /** Address to listen on; 127.0.0.1 by default. Beyond loopback a token is demanded. */
  readonly host?: string;
  /** 0: any that is free. */
  readonly port: number;
  /** What `Authorization: Bearer` must say; none by default, and none where it is empty. */
  readonly token?: string;
}

/** The same with nothing left open. */
export interface AdminAddress {
  readonly host: string;
  readonly port: number;
  readonly token: string | null;
}

const DEFAULT_HOST = "127.0.0.1";
const HIGHEST_PORT = 65_535;

/**
 * Where to listen.
 *
 * @throws MillraceError USAGE for a server that others could reach and that asks them for nothing, and for a port or token
 *   that cannot be
 */
export function addressOf({ host = DEFAULT_HOST, port, token = "" }: AdminOptions): AdminAddress {
  if (!Number.isInteger(port) || port < 0 || port > HIGHEST_PORT) {
    throw new MillraceError("USAGE", `admin.port: expected a whole number from 0 to ${HIGHEST_PORT}, got ${port}`);
  }
  // A header carries nothing else unharmed, so nobody could ever show it.
  if (/[^\x21-\x7e]/.test(token)) {
    throw new MillraceError("USAGE", "admin.token: expected letters, digits and signs of ASCII without spaces");
  }
  if (token === "" && !isLoopback(host)) throw exposed(host);
  return { host, port, token: token === "" ? null : token };
}

/** The refusal of an address that others reach where nothing is asked of them. */
export function exposed(host: string): MillraceError {
  return new MillraceError(
    "USAGE",
    `admin.host ${host === "" ? "(empty: all addresses)" : host} reaches beyond this machine and there is no admin.token: ` +
      `set one, or admin.host: ${DEFAULT_HOST}`,
  );
}
