/** How the connection is encrypted. */
import type { Ssl } from "../../postgres/connect.ts";
import { readCertificates } from "../certificates.ts";
import type { PostgresSinkOptions } from "./options.ts";

/**
 * `ssl` with its files read.
 *
 * @throws MillraceError CONFIG_UNREADABLE naming key and path
 */
export async function readSsl(ssl: PostgresSinkOptions["ssl"], baseDir: string): Promise<Ssl | undefined> {
  return ssl === undefined ? undefined : readCertificates(ssl, baseDir);
}
