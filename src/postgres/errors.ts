/**
 * What Postgres says, in millrace's words: an SQLSTATE or a socket's errno becomes a fault class, and the message gains
 * what to do about it.
 */
import type { ErrorCode, FaultClass } from "../core/errors.ts";
import { MillraceError } from "../core/errors.ts";
import { poolerFault } from "./pooler-faults.ts";
import { tlsAdvice } from "./tls-faults.ts";

/** An error that the server sent; all but the first three are there only for some codes. */
export interface ServerError {
  /** SQLSTATE: five characters, the first two being the class. */
  readonly sqlstate: string;
  readonly message: string;
  /** What the server was doing; names the line of a COPY. */
  readonly context: string;
  readonly detail?: string;
  readonly table?: string;
  readonly column?: string;
  readonly constraint?: string;
}

/** Errors of the socket and of name resolution: the server may be back in a moment. */
const TRANSIENT_ERRNOS: ReadonlySet<unknown> = new Set([
  "ECONNABORTED",
  "ECONNREFUSED",
  "ECONNRESET",
  "EADDRNOTAVAIL",
  "EAI_AGAIN",
  "EHOSTDOWN",
  "EHOSTUNREACH",
  "ENETDOWN",
  "ENETUNREACH",
  "ENOENT",
  "ENOTFOUND",
  "EPIPE",
  "ERR_STREAM_DESTROYED",
  "ERR_STREAM_WRITE_AFTER_END",
  "ETIMEDOUT",
]);

/** What the driver says, without any code, of a session that is gone. */
const GONE = /^(?:Connection terminated|timeout expired|Client (?:has encountered a connection error|was closed))/;

/**
 * What an SQLSTATE means, by its five characters or else by its class, the first two; any other is fatal. Transient is
 * what trying again may mend, record what a single row is to blame for.
 *
 * Source of the codes: PostgreSQL documentation, appendix A.
 */
const FAULTS: Readonly<Record<string, FaultClass>> = {
  // connection exceptions
  "08": "transient",
  // data exceptions: a value that its type does not hold
  "22": "record",
  // violated constraints
  "23": "record",
  // a standby, or a server that is read-only for a while
  "25006": "transient",
  // timeouts that end a session: idle in a transaction, the whole transaction
  "25P03": "transient",
  "25P04": "transient",
  // transactions that were rolled back: deadlock, serialization
  "40": "transient",
  // out of disk, memory or connections
  "53": "transient",
  // a lock that was not to be had
  "55P03": "transient",
  // the operator's doing: cancelled, shut down, starting up
  "57": "transient",
  // errors of the system below: input and output
  "58": "transient",
  // RAISE EXCEPTION in a trigger, without a code of its own
  P0001: "record",
};

const UNREADABLE: ReadonlySet<string> = new Set(["08P01", "22P03", "22P04"]);

/** The error as the server sent it, or undefined for anything else. */
export function serverError(thrown: unknown): ServerError | undefined {
  if (!(thrown instanceof Error) || !("severity" in thrown)) return undefined;
  const fields: Partial<Record<string, unknown>> = Object.fromEntries(Object.entries(thrown));
  const { code, where, detail, table, column, constraint } = fields;
  if (typeof code !== "string" || !/^[0-9A-Z]{5}$/.test(code)) return undefined;
  return {
    sqlstate: code,
    message: thrown.message,
    context: typeof where === "string" ? where : "",
    ...(typeof detail === "string" && { detail }),
    ...(typeof table === "string" && { table }),
    ...(typeof column === "string" && { column }),
    ...(typeof constraint === "string" && { constraint }),
  };
}

/** What a fault means for the work that met it; never `usage`. */
export function faultOf(thrown: unknown): FaultClass {
  if (thrown instanceof MillraceError) return thrown.fault;
  const server = serverError(thrown);
  if (server === undefined) return isGone(thrown) ? "transient" : "fatal";
  if (isUnreadableBinary(server)) return "record";
  const { sqlstate } = server;
  return poolerFault(server)?.fault ?? FAULTS[sqlstate] ?? FAULTS[sqlstate.slice(0, 2)] ?? "fatal";
}

/**
 * Whether the server could not make out a row of a binary COPY: a field's bytes are not what its type has (22P03), a row
 * or a field ends too soon (08P01, which elsewhere speaks of the connection), or the row has other fields (22P04).
 */
export function isUnreadableBinary({ sqlstate, context }: ServerError): boolean {
  return UNREADABLE.has(sqlstate) && context.includes("COPY");
}

/** What the caller knows of a failure beside the error itself. */
export interface FailureContext {
  /** Another class than the code's own. */
  readonly fault?: FaultClass;
  /** The table that a COPY went into, without its schema: tells line and column from the server's context. */
  readonly copyOf?: string;
}

/**
 * An error of ours for whatever the driver threw; one that is ours already comes back as it is.
 *
 * @param doing what was being done and where, put before the message
 */
export function postgresError(thrown: unknown, doing: string, context: FailureContext = {}): MillraceError {
  if (thrown instanceof MillraceError) return thrown;
  const { fault = faultOf(thrown), copyOf } = context;
  const server = serverError(thrown);
  const advice = server === undefined ? undefined : (poolerFault(server)?.advice ?? adviceOn(server.sqlstate));
  const message = `${doing}: ${server === undefined ? plainMessage(thrown) : describe(server, copyOf)}`;
  return new MillraceError(codeOf(fault, server?.sqlstate), advice === undefined ? message : `${message}; ${advice}`, {
    cause: thrown,
    fault,
    details: server === undefined ? {} : detailsOf(server, copyOf),
  });
}

/** The error of a session that could not be opened; `label` names where and as whom. */
export function connectError(thrown: unknown, label: string): MillraceError {
  const error = postgresError(thrown, `cannot connect to postgres ${label}`);
  if (serverError(thrown) !== undefined) return error;
  const otherwise = error.retryable
    ? "check that the server runs and that host and port are right"
    : "check url and ssl";
  const advice = tlsAdvice(thrown) ?? otherwise;
  return new MillraceError(error.code, `${error.message}; ${advice}`, { cause: thrown, fault: error.fault });
}

/**
 * The server's message for people: its text, the SQLSTATE, and what of table, column and constraint the text leaves out.
 *
 * @param copyOf the table that a COPY went into; tells the column from the context where no field names it
 */
export function describe(server: ServerError, copyOf?: string): string {
  const column = server.column ?? (copyOf === undefined ? undefined : copyColumn(server, copyOf));
  const named = [
    ["column", column],
    ["constraint", server.constraint],
  ] as const;
  const missing = named.filter(([, name]) => name !== undefined && !server.message.includes(`"${name}"`));
  const where = missing.map(([what, name]) => `, ${what} "${name}"`).join("");
  const key = server.detail?.startsWith("Key (") ? `: ${server.detail}` : "";
  return `${server.message} (${server.sqlstate})${where}${key}`;
}

/** The line of the COPY into `table` that the server names, counted from 1; undefined where it names none. */
export function copyLine(server: ServerError, table: string): number | undefined {
  const place = copyPlace(server, table);
  // Only the word before the number is translated on servers that speak another language.
  const digits = place === undefined ? undefined : /^\D*?(?<line>\d+)/.exec(place)?.groups?.["line"];
  return digits === undefined ? undefined : Number(digits);
}

function copyColumn(server: ServerError, table: string): string | undefined {
  const place = copyPlace(server, table);
  return place === undefined ? undefined : /^\D*?\d+, column (?<name>.+?)(?:: |$)/.exec(place)?.groups?.["name"];
}

/** What follows `COPY table,` in the context: a table's name may itself look like a place. */
function copyPlace(server: ServerError, table: string): string | undefined {
  const prefix = `COPY ${table},`;
  return server.context
    .split("\n")
    .find((line) => line.startsWith(prefix))
    ?.slice(prefix.length);
}

function isGone(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  return ("code" in thrown && TRANSIENT_ERRNOS.has(thrown.code)) || GONE.test(thrown.message);
}

/** Node reports a host with several addresses as one error without a text of its own. */
function plainMessage(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.message === "") {
    return thrown.errors.map((error) => plainMessage(error)).join(", ");
  }
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function codeOf(fault: FaultClass, sqlstate: string | undefined): ErrorCode {
  if (fault === "transient") return "SINK_UNAVAILABLE";
  if (fault === "record") return "ROW_REFUSED";
  return sqlstate === undefined || /^(?:28|3D|42|0A)/.test(sqlstate) ? "SINK_REFUSED" : "SINK_FAILED";
}

function detailsOf(server: ServerError, copyOf: string | undefined): Readonly<Record<string, unknown>> {
  const { sqlstate, table = copyOf, constraint } = server;
  const place = copyOf === undefined ? {} : { line: copyLine(server, copyOf), column: copyColumn(server, copyOf) };
  const facts = {
    sqlstate,
    table,
    constraint,
    ...place,
    ...(server.column !== undefined && { column: server.column }),
  };
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
}

/** What to do, by the longest prefix of the SQLSTATE. */
const ADVICE: Readonly<Record<string, string>> = {
  "0A000": "the table's kind or its row-level security does not take COPY; mode: insert does without",
  "25006": "the server is a standby or read-only; it is tried again in case it is promoted",
  "28": "check user and password in the url, and the server's pg_hba.conf",
  "3D000": "create the database, or correct the url",
  "42809": "name a table, or write by mode: insert if it is a view that takes rows",
  "42501": "grant the role what it lacks, or use another role",
  "53100": "the server's disk is full",
  "53300": "the server has no connection left: raise max_connections or lower the pool's max",
  "55P03": "another session holds a lock on it; see pg_locks",
  "57014": "the statement was cancelled; raise statementTimeout if that was the reason",
  "57P03": "the server is starting up or shutting down",
};

function adviceOn(sqlstate: string): string | undefined {
  return ADVICE[sqlstate] ?? ADVICE[sqlstate.slice(0, 2)];
}
