/** Takes the address of the HTTP server. */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { MillraceError } from "../../core/errors.ts";
import { isLoopback } from "../../core/loopback.ts";
import { messageOf } from "../../core/thrown.ts";
import { type AdminAddress, exposed } from "./admin-options.ts";

/**
 * Listens.
 *
 * @returns the url, without a path
 * @throws MillraceError USAGE: the port is taken or not allowed, or the machine has no such address
 */
export async function listen(server: Server, { host, port, token }: AdminAddress): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    const refuse = (cause: Error): void => reject(refusedAddress(cause, host, port));
    server.once("error", refuse);
    server.listen({ host, port }, () => {
      server.off("error", refuse);
      resolve();
    });
  });
  const { address, port: taken } = server.address() as AddressInfo;
  if (token === null && !isLoopback(address)) {
    // A name such as localhost may mean anything on a machine.
    server.close();
    throw exposed(`${host} (${address})`);
  }
  return `http://${host.includes(":") ? `[${host}]` : host}:${taken}`;
}

function refusedAddress(cause: Error & { readonly code?: string }, host: string, port: number): MillraceError {
  const refuse = (message: string): MillraceError => new MillraceError("USAGE", message, { cause });
  switch (cause.code) {
    case "EADDRINUSE":
      return refuse(`admin.port ${port} on ${host} is taken by another program: end it, or choose another port`);
    case "EACCES":
      return refuse(`admin.port ${port} on ${host} is not allowed to this user: choose one above 1023`);
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return refuse(`admin.host ${host}: this machine has no such address; 127.0.0.1 or 0.0.0.0 always are there`);
    default:
      return refuse(`admin.port ${port} on ${host}: ${messageOf(cause)}`);
  }
}
