/**
 * A real PgBouncer in transaction mode before a server of one's own, where the machine has one: on a free port, with its
 * settings in the temporary folder, and gone with whoever started it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { MillraceError } from "../../src/core/errors.ts";
import type { EmbeddedPostgres } from "./embedded-postgres.ts";
import { freePort } from "./free-port.ts";
import { unprivilegedOwner } from "./unprivileged-owner.ts";
import { until } from "./until.ts";

/** Debian puts it where only an administrator's PATH looks. */
const PLACES = [...(process.env["PATH"] ?? "").split(path.delimiter), "/usr/sbin", "/usr/local/sbin"];

/** Ends it when the end of its input comes, which it does when we are done or dead. */
const GUARD = `"$0" -q "$1" & pid=$!; read -r _; kill -KILL $pid; rm -rf "$2"`;

/** Where it is installed; undefined: nowhere. */
export function findPgBouncer(): string | undefined {
  return PLACES.map((folder) => path.join(folder, "pgbouncer")).find((file) => fs.existsSync(file));
}

/** How a pooler differs from the usual one. */
export interface PgBouncerOptions {
  /** Connections that all its clients share. */
  readonly poolSize: number;
  /** Other settings of its file. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

/**
 * One pooler.
 *
 * @example
 * await using bouncer = await PgBouncer.start(postgres.server, { poolSize: 2 });
 * await connect({ url: bouncer.url() });
 */
export class PgBouncer implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #url: string;

  private constructor(process: ChildProcess, url: string) {
    this.#process = process;
    this.#url = url;
  }

  /** @throws MillraceError INVARIANT where it is not installed or does not start */
  static async start(server: EmbeddedPostgres, { poolSize, settings = {} }: PgBouncerOptions): Promise<PgBouncer> {
    const program = findPgBouncer();
    if (program === undefined) throw new MillraceError("INVARIANT", "pgbouncer is not installed");
    const url = new URL(server.url());
    const port = await freePort();
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "millrace-pgbouncer-"));
    const file = (name: string): string => path.join(folder, name);
    fs.writeFileSync(file("users"), `"${url.username}" "${url.password}"\n`);
    const section = Object.entries({
      listen_addr: "127.0.0.1",
      listen_port: port,
      unix_socket_dir: "",
      auth_type: "scram-sha-256",
      auth_file: file("users"),
      logfile: file("log"),
      pool_mode: "transaction",
      default_pool_size: poolSize,
      max_client_conn: 200,
      ...settings,
    }).map(([name, value]) => `${name} = ${value}\n`);
    const databases = `[databases]\n* = host=127.0.0.1 port=${url.port}\n`;
    fs.writeFileSync(file("ini"), `${databases}[pgbouncer]\n${section.join("")}`);
    const owner = unprivilegedOwner();
    if (owner.uid !== undefined && owner.gid !== undefined) {
      for (const name of ["", "users", "ini"]) fs.chownSync(file(name), owner.uid, owner.gid);
    }
    const guard = spawn("sh", ["-c", GUARD, program, file("ini"), folder], {
      ...owner,
      cwd: folder,
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
    });
    url.port = String(port);
    const bouncer = new PgBouncer(guard, url.href);
    try {
      await until("pgbouncer listens", async () => (await listens(port)) || undefined);
    } catch (thrown) {
      await bouncer[Symbol.asyncDispose]();
      throw thrown;
    }
    return bouncer;
  }

  /** The url of the server's superuser, by way of the pooler. */
  url(): string {
    return this.#url;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.#process, "exit");
    this.#process.stdin?.end();
    await gone;
  }
}

async function listens(port: number): Promise<boolean> {
  const socket = net.connect(port, "127.0.0.1");
  const came = await Promise.race([
    once(socket, "connect").then(() => true),
    once(socket, "close").then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return came;
}
