/** Opens sessions. The driver is loaded here, and only when a job needs it. */
import { Socket } from "node:net";
import type { Readable } from "node:stream";
import type { Client, ClientConfig } from "pg";
import type * as CopyStreams from "pg-copy-streams";
import { abortError, systemClock } from "../core/clock.ts";
import { MillraceError } from "../core/errors.ts";
import { cancelRequest } from "./cancel-request.ts";
import { driverUrl } from "./driver-url.ts";
import type { Connection, CopyStream, QueryResult, Row } from "./connection.ts";
import { CopyOut } from "./copy-out.ts";
import { connectError } from "./errors.ts";

/** Certificates as PEM text; `true`: encrypt and verify against the system's authorities. */
export type Ssl = boolean | { readonly ca?: string; readonly cert?: string; readonly key?: string };

/** Where to connect and as whom. */
export interface ConnectTarget {
  /** `postgres://user:password@host:port/database`; what it leaves out comes from the PG* variables. */
  readonly url: string;
  readonly ssl?: Ssl;
  /** Shown in `pg_stat_activity`; the server keeps 63 bytes of it. */
  readonly applicationName: string;
  /** How long the server may take to answer, milliseconds; 10,000 by default. */
  readonly connectTimeoutMs?: number;
  /** Statements are sent before those before them are answered; such a session takes no COPY. Default false. */
  readonly pipelined?: boolean;
  readonly signal?: AbortSignal;
}

const CONNECT_TIMEOUT_MS = 10_000;
/** How long the server may take to see a session off. */
const END_MS = 1_000;
/** Silence after which the kernel asks whether the other side still lives. */
const KEEP_ALIVE_AFTER_MS = 10_000;

/**
 * Opens a session.
 *
 * @throws MillraceError SINK_REFUSED when the server will never have us (password, database, TLS)
 * @throws MillraceError SINK_UNAVAILABLE when it cannot be reached now
 * @throws MillraceError CONFIG_INVALID when the url is none; ABORTED
 * @example
 * await using connection = await connect({ url: "postgres://etl@localhost/shop", applicationName: "millrace orders" });
 * const { rows } = await connection.query("SELECT 1 AS one");
 */
export async function connect(target: ConnectTarget): Promise<Connection> {
  const { signal } = target;
  if (signal?.aborted) throw abortError(signal);
  const [{ default: pg }, { from }] = await Promise.all([import("pg"), import("pg-copy-streams")]);
  // A socket of our own, because the driver's polite end would wait for a server that does not answer.
  const socket = new Socket();
  const client = makeClient(pg.Client, target, socket);
  const session = new PgConnection(client, socket, from);
  const onAbort = (): void => void socket.destroy();
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    await client.connect();
  } catch (thrown) {
    socket.destroy();
    throw signal?.aborted ? abortError(signal) : connectError(thrown, session.label);
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
  return session;
}

function makeClient(PgClient: typeof Client, target: ConnectTarget, socket: Socket): Client {
  const config: ClientConfig = {
    connectionString: driverUrl(target.url, target.ssl !== undefined),
    application_name: target.applicationName,
    connectionTimeoutMillis: target.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    stream: () => socket,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
  };
  if (target.ssl !== undefined) config.ssl = target.ssl;
  if (target.pipelined === true) config.pipeline = true;
  try {
    if (!/^postgres(?:ql)?:\/\//.test(target.url)) throw new TypeError("another scheme");
    return new PgClient(config);
  } catch {
    // The driver's own error quotes the url, and with it the password: neither its text nor itself is passed on.
    throw new MillraceError(
      "CONFIG_INVALID",
      "url: not a Postgres url; expected one such as postgres://user:password@host:5432/database, " +
        "with reserved characters of the password percent-encoded",
    );
  }
}

/** What the server gave the session to cancel its statements by; the driver's types leave it out. */
interface BackendKey {
  readonly processID?: number | null;
  readonly secretKey?: number | null;
}

/** A session over `pg`. */
class PgConnection implements Connection {
  readonly label: string;
  readonly #client: Client & BackendKey;
  readonly #socket: Socket;
  readonly #copyFrom: typeof CopyStreams.from;
  #lost: Error | undefined;

  constructor(client: Client, socket: Socket, copyFrom: typeof CopyStreams.from) {
    this.#client = client;
    this.#socket = socket;
    this.#copyFrom = copyFrom;
    this.label = `${client.user ?? ""}@${client.host}:${client.port}/${client.database ?? ""}`;
    // Without a listener, a session that the server ends between two statements would end the process.
    client.on("error", (error) => this.#lose(error));
    client.on("end", () => this.#lose(new Error("Connection terminated")));
  }

  get lost(): Error | undefined {
    return this.#lost;
  }

  get idle(): boolean {
    return this.#lost === undefined && this.#client.getTransactionStatus() === "I";
  }

  async query(text: string, values?: readonly unknown[]): Promise<QueryResult> {
    const answer = await (values === undefined ? this.#client.query(text) : this.#client.query(text, [...values]));
    // Several statements give several results, which the driver's types do not tell.
    const result = Array.isArray(answer) ? (answer.at(-1) as typeof answer) : answer;
    const fields = result.fields.map(({ name, dataTypeID, dataTypeModifier }) => ({
      name,
      oid: dataTypeID,
      modifier: dataTypeModifier,
    }));
    return { command: result.command, rows: result.rows as readonly Row[], rowCount: result.rowCount ?? 0, fields };
  }

  copyFrom(statement: string): CopyStream {
    return this.#client.query(this.#copyFrom(statement) as never) as CopyStream;
  }

  copyTo(statement: string, blockBytes: number): Readable {
    return this.#client.query(new CopyOut(statement, blockBytes));
  }

  async cancel(): Promise<void> {
    const { processID: processId, secretKey: secret, host, port } = this.#client;
    if (this.#lost !== undefined || typeof processId !== "number" || typeof secret !== "number") return;
    const { remoteAddress, remotePort } = this.#socket;
    // a name may stand for several servers
    const server = remoteAddress === undefined ? undefined : { host: remoteAddress, port: remotePort ?? port };
    await cancelRequest(server ?? { path: `${host}/.s.PGSQL.${port}` }, { processId, secret });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The driver waits for the server to close, and one that is gone never does.
    using _late = systemClock.timer(END_MS, () => this.#socket.destroy());
    await this.#client.end().catch(() => {});
  }

  #lose(error: Error): void {
    this.#lost ??= error;
  }
}
