/** Encrypted connections: whom they trust, whom they refuse, and that a job is told what to do about it. */
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defineJob, runJob } from "../../../src/index.ts";
import { connect, type Ssl } from "../../../src/postgres/connect.ts";
import { EmbeddedPostgres } from "../../support/embedded-postgres.ts";
import { type Certificates, makeCertificates } from "../../support/kafka/certificates.ts";
import { Project } from "../../support/project.ts";
import { unprivilegedOwner } from "../../support/unprivileged-owner.ts";

/** Encrypted or not at all; whoever calls himself `client` proves it by a certificate. */
const HBA = `hostnossl all postgres all scram-sha-256
hostssl all client all cert
hostssl all all all scram-sha-256
`;
/** An address of this machine that the server's certificate does not hold. */
const OTHER_ADDRESS = "127.0.0.2";

const folder = mkdtempSync(path.join(os.tmpdir(), "millrace-tls-"));
let server: EmbeddedPostgres | undefined;
let certificates: Certificates | undefined;
let otherCa = "";

beforeAll(async () => {
  certificates = await makeCertificates(folder);
  const other = mkdtempSync(path.join(folder, "other-"));
  otherCa = (await makeCertificates(other)).ca;
  writeFileSync(path.join(folder, "hba"), HBA);
  const { uid, gid } = unprivilegedOwner();
  chmodSync(folder, 0o755);
  for (const name of ["hba", path.basename(certificates.keyStore), path.basename(certificates.trustStore)]) {
    if (uid !== undefined && gid !== undefined) chownSync(path.join(folder, name), uid, gid);
    chmodSync(path.join(folder, name), 0o600);
  }
  const settings = {
    ssl: "on",
    ssl_cert_file: certificates.keyStore,
    ssl_key_file: certificates.keyStore,
    ssl_ca_file: certificates.trustStore,
    hba_file: path.join(folder, "hba"),
    listen_addresses: `127.0.0.1,${OTHER_ADDRESS}`,
  };
  server = await EmbeddedPostgres.start({ settings });
  await server.query("CREATE ROLE etl SUPERUSER LOGIN PASSWORD 'millrace'; CREATE ROLE client LOGIN");
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const url = (parameters = "", user = "etl"): string => `${server?.url({ user }) ?? ""}${parameters}`;
const ca = (): string => certificates?.ca ?? "";

/** Whether the server sees the connection encrypted, and by whose certificate. */
async function sessionOf(address: string, ssl?: Ssl): Promise<unknown> {
  await using connection = await connect({ url: address, applicationName: "test", ...(ssl !== undefined && { ssl }) });
  return (await connection.query("SELECT ssl, client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()")).rows[0];
}

const ENCRYPTED = { ssl: true, client_dn: null };

describe("connect() with encryption", () => {
  test("trusts the authority that it is given, in ssl or in the url", async () => {
    const file = encodeURIComponent(certificates?.trustStore ?? "");
    expect(await sessionOf(url(), { ca: ca() })).toEqual(ENCRYPTED);
    for (const mode of ["require", "verify-ca", "verify-full"]) {
      expect(await sessionOf(url(`?sslmode=${mode}&sslrootcert=${file}`))).toEqual(ENCRYPTED);
    }
    expect(await sessionOf(url("?sslmode=no-verify"))).toEqual(ENCRYPTED);
  });

  test("lets ssl count where the url says something else", async () => {
    for (const parameters of ["?sslmode=require", "?sslmode=disable", "?ssl=false"]) {
      expect(await sessionOf(url(parameters), { ca: ca() })).toEqual(ENCRYPTED);
    }
    const doubting = sessionOf(url("?sslmode=no-verify"), { ca: otherCa });
    await expect(doubting).rejects.toThrow("is not trusted");
  });

  test.each([
    ["without an authority", (): [string, Ssl] => [url(), true], /is not trusted: .* ssl\.ca/],
    [
      "by sslmode=require alone",
      (): [string] => [url("?sslmode=require")],
      /is not trusted: .* ssl\.ca, or .*sslrootcert/,
    ],
    ["by sslmode=verify-full alone", (): [string] => [url("?sslmode=verify-full")], /is not trusted/],
    ["with another authority", (): [string, Ssl] => [url(), { ca: otherCa }], /is not trusted: .* ssl\.ca/],
    [
      "under a name that its certificate does not hold",
      (): [string, Ssl] => [url().replace("127.0.0.1", OTHER_ADDRESS), { ca: ca() }],
      /is for another host: use a name in url/,
    ],
  ])("trusts no server %s", async (_name, given, message) => {
    const [address, ssl] = given();
    await expect(sessionOf(address, ssl)).rejects.toMatchObject({
      code: "SINK_REFUSED",
      retryable: false,
      message: expect.stringMatching(message),
    });
  });

  test("is refused without encryption where the server wants it", async () => {
    await expect(sessionOf(url(), false)).rejects.toMatchObject({
      code: "SINK_REFUSED",
      message: expect.stringMatching(/no encryption/),
    });
  });

  test("shows the certificate that it is given, and is told of one that it lacks", async () => {
    const { cert = "", key = "" } = certificates ?? {};
    const own = { ca: ca(), cert, key };
    expect(await sessionOf(url("", "client"), own)).toEqual({ ssl: true, client_dn: "/CN=client" });
    await expect(sessionOf(url("", "client"), { ca: ca() })).rejects.toMatchObject({
      code: "SINK_REFUSED",
      message: expect.stringMatching(/requires a valid client certificate/),
    });
  });
});

test("a job reads and writes encrypted, with its authority in a file beside it", async () => {
  using project = new Project();
  project.write("certs/ca.pem", ca());
  await server?.query(
    "CREATE TABLE here AS SELECT i AS id FROM generate_series(1, 1000) i; CREATE TABLE there (id int)",
  );
  const postgres = { type: "postgres", url: url(), ssl: { ca: "certs/ca.pem" } } as const;
  const job = { name: "tls", source: { ...postgres, table: "here", splits: 1 }, sink: { ...postgres, table: "there" } };
  const state = url(`?sslmode=verify-full&sslrootcert=${encodeURIComponent(certificates?.trustStore ?? "")}`);
  const summary = await runJob(defineJob(job, { baseDir: project.folder }), { state });
  expect(summary).toMatchObject({ state: "succeeded", written: 1000 });
});
