import { mkdtemp, readFile, rm } from "node:fs/promises";
import https from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Certificates, makeCertificates } from "../../support/kafka/certificates.ts";
import { clientWith, get, listening, textOf } from "../../unit/connectors/http/client/support.ts";

let folder: string;
let made: Certificates;
let key: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "http-tls-"));
  made = await makeCertificates(folder);
  key = await readFile(made.keyStore, "utf8");
});

afterAll(() => rm(folder, { recursive: true }));

/** A server with a certificate of our authority. */
function secured(options: https.ServerOptions = {}) {
  const server = https.createServer({ key, cert: key, ...options }, (_request, response) => void response.end("safe"));
  return listening(server, "https");
}

describe("a connection with TLS", () => {
  test("trusts the authority in tls.ca, as text or as a path", async () => {
    await using server = await secured();
    for (const ca of [made.ca, "ca.pem"]) {
      await using client = await clientWith({ tls: { ca } }, { baseDir: folder });
      expect(textOf(await get(client, server.base))).toBe("safe");
    }
  });

  test("does not trust others, and says what to do", async () => {
    await using server = await secured();
    await using client = await clientWith();
    await expect(get(client, server.base)).rejects.toMatchObject({
      code: "SOURCE_FAILED",
      message: `source.tls: GET ${server.base}/: the server's certificate is not trusted (UNABLE_TO_VERIFY_LEAF_SIGNATURE); put the certificate of its authority into tls.ca`,
    });
  });

  test("names a certificate for another host", async () => {
    await using server = await secured();
    const address = server.base.replace("127.0.0.1", "0.0.0.0");
    await using client = await clientWith({ tls: { ca: made.ca } });
    await expect(get(client, address)).rejects.toMatchObject({
      code: "SOURCE_FAILED",
      message: `source.tls: GET ${address}/: the server's certificate is for another host (ERR_TLS_CERT_ALTNAME_INVALID); use a name in url that the certificate holds`,
    });
  });

  test("shows its own certificate to a server that wants one", async () => {
    await using server = await secured({ requestCert: true, rejectUnauthorized: true, ca: made.ca });
    await using shown = await clientWith({ tls: { ca: made.ca, cert: made.cert, key: made.key } });
    expect(textOf(await get(shown, server.base))).toBe("safe");
    await using without = await clientWith({ tls: { ca: made.ca } });
    await expect(get(without, server.base)).rejects.toMatchObject({
      code: "SOURCE_UNAVAILABLE",
      message: expect.stringContaining("Or does it want a certificate of this client? Then set tls.cert and tls.key"),
    });
  });
});
