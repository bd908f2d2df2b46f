/** Takes the address of an HTTP server. */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { MillraceError } from "../core/errors.ts";
import { messageOf } from "../core/thrown.ts";

/** Where a server listens. */
export interface ListenAddress {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** What these two are called where they are set, for messages. */
  readonly names: { readonly host: string; readonly port: string };
  /** Looks at the address that a name turned out to mean; the server is closed when it throws. */
  readonly inspect?: (address: string) => void;
}

/**
 * Listens.
 *
 * @returns the url, without a path
 * @throws MillraceError USAGE: the port is taken or not allowed, or the machine has no such address; what `inspect` throws
 */
export async function listen(server: Server, wanted: ListenAddress): Promise<string> {
  const { host, port, inspect } = wanted;
  await new Promise<void>((resolve, reject) => {
    const refuse = (cause: Error): void => reject(refusedAddress(cause, wanted));
    server.once("error", refuse);
    server.listen({ host, port }, () => {
      server.off("error", refuse);
      resolve();
    });
  });
  const { address, port: taken } = server.address() as AddressInfo;
  try {
    inspect?.(address);
  } catch (thrown) {
    server.close();
    throw thrown;
  }
  return `http://${host.includes(":") ? `[${host}]` : host}:${taken}`;
}

function refusedAddress(cause: Error & { readonly code?: string }, { host, port, names }: ListenAddress) {
  const refuse = (message: string): MillraceError => new MillraceError("USAGE", message, { cause });
  switch (cause.code) {
    case "EADDRINUSE":
      return refuse(`${names.port} ${port} on ${host} is taken by another program: end it, or choose another port`);
    case "EACCES":
      return refuse(`${names.port} ${port} on ${host} is not allowed to this user: choose one above 1023`);
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return refuse(`${names.host} ${host}: this machine has no such address; 127.0.0.1 or 0.0.0.0 always are there`);
    default:
      return refuse(`${names.port} ${port} on ${host}: ${messageOf(cause)}`);
  }
}
