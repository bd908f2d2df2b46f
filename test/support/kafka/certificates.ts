/** Throwaway certificates for the secured listeners, made by openssl. */
import { execFile } from "node:child_process";
import { appendFile, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { failed } from "./failed.ts";

const run = promisify(execFile);
const DAYS = "2";

/** PEM texts of a client, and the files that the broker reads. */
export interface Certificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** PKCS#8 key, then the certificate. */
  readonly keyStore: string;
  readonly trustStore: string;
}

/**
 * An authority, and one certificate signed by it for the broker and one for a client.
 *
 * @throws MillraceError INVARIANT when openssl is missing or refuses
 */
export async function makeCertificates(folder: string): Promise<Certificates> {
  const trustStore = path.join(folder, "ca.pem");
  const authority = ["-keyout", path.join(folder, "ca.key"), "-out", trustStore, "-days", DAYS, "-subj", "/CN=test-ca"];
  await openssl(["req", "-x509", "-nodes", "-newkey", "rsa:2048", ...authority]);
  const broker = await sign(folder, "broker", "localhost");
  const client = await sign(folder, "client", "client");
  await appendFile(broker.key, await readFile(broker.cert));
  return {
    ca: await readFile(trustStore, "utf8"),
    cert: await readFile(client.cert, "utf8"),
    key: await readFile(client.key, "utf8"),
    keyStore: broker.key,
    trustStore,
  };
}

async function sign(folder: string, name: string, commonName: string): Promise<{ key: string; cert: string }> {
  const file = (ending: string) => path.join(folder, `${name}.${ending}`);
  const [key, request, cert, extensions] = [file("key"), file("csr"), file("pem"), file("ext")];
  await writeFile(extensions, "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
  const subject = ["-keyout", key, "-out", request, "-subj", `/CN=${commonName}`];
  await openssl(["req", "-new", "-nodes", "-newkey", "rsa:2048", ...subject]);
  const authority = ["-CA", path.join(folder, "ca.pem"), "-CAkey", path.join(folder, "ca.key"), "-CAcreateserial"];
  await openssl(["x509", "-req", "-in", request, "-out", cert, "-days", DAYS, ...authority, "-extfile", extensions]);
  return { key, cert };
}

async function openssl(args: readonly string[]): Promise<void> {
  try {
    await run("openssl", args);
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    if (code === "ENOENT") throw failed("secured listeners need openssl, which is not installed", "");
    throw failed("openssl", message);
  }
}
