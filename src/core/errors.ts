/**
 * The one error class of the project, with a closed list of codes.
 *
 * A code says what kind of thing went wrong and never changes its meaning; the message says what failed, on what, and
 * what to do. `docs/errors.md` holds one entry a code and a test holds the two together.
 */
import { messageOf } from "./thrown.ts";

/** Every code a {@link MillraceError} or a reject may carry, with the fault class it usually belongs to. */
export const ERROR_CODES = {
  // How the program is used: exit code 2.
  CONFIG_INVALID: "usage",
  CONFIG_UNREADABLE: "usage",
  VARIABLE_UNSET: "usage",
  NOT_BUILT: "usage",
  USAGE: "usage",
  RUN_NOT_FOUND: "usage",
  JOB_UNKNOWN: "usage",
  RESTART_REFUSED: "usage",
  REWIND_REFUSED: "usage",
  TRANSFORM_UNLOADABLE: "usage",
  TRANSFORM_INVALID: "usage",
  // What a job finds when it is resolved: exit code 1 unless it is plainly the config's fault.
  SOURCE_NOT_FOUND: "usage",
  HEADER_INVALID: "usage",
  COLUMN_UNKNOWN: "usage",
  TABLE_UNKNOWN: "usage",
  SOURCE_CHANGED: "fatal",
  SOURCE_FAILED: "fatal",
  SOURCE_UNAVAILABLE: "transient",
  // The sinks.
  SINK_UNAVAILABLE: "transient",
  SINK_REFUSED: "fatal",
  SINK_FAILED: "fatal",
  FENCED: "fatal",
  COMMIT_AMBIGUOUS: "transient",
  // State and leases.
  LEASE_HELD: "fatal",
  STATE_UNAVAILABLE: "transient",
  STATE_CORRUPT: "fatal",
  STATE_TOO_NEW: "usage",
  STATE_LOST: "usage",
  // Alerts.
  ALERT_UNDELIVERED: "transient",
  // Running.
  REJECT_LIMIT: "fatal",
  RETRIES_EXHAUSTED: "fatal",
  RESTARTS_EXHAUSTED: "fatal",
  SETUP_FAILED: "fatal",
  THREAD_FAILED: "fatal",
  ABORTED: "fatal",
  CLOSED: "fatal",
  INVARIANT: "fatal",
  // Object pools and buffers.
  POOL_EXHAUSTED: "transient",
  DOUBLE_RELEASE: "fatal",
  // One record's faults: they end in a reject, never in a failed run.
  CSV_STRAY_QUOTE: "record",
  CSV_UNCLOSED_QUOTE: "record",
  CSV_FIELD_COUNT: "record",
  JSON_INVALID: "record",
  JSON_TOO_DEEP: "record",
  NOT_AN_OBJECT: "record",
  ENCODING_INVALID: "record",
  RECORD_TOO_LARGE: "record",
  VALUE_INVALID: "record",
  VALUE_NULL: "record",
  FIELD_UNKNOWN: "record",
  SCHEMA_INVALID: "record",
  TRANSFORM_REJECTED: "record",
  TRANSFORM_FAILED: "record",
  TRANSFORM_NO_RESULT: "record",
  ROUTE_UNKNOWN: "record",
  TRANSFORM_TIMEOUT: "record",
  TRANSFORM_CRASHED: "record",
  ROW_REFUSED: "record",
  ITEM_FAILED: "record",
  REQUEST_FAILED: "record",
} as const satisfies Record<string, FaultClass>;

/**
 * What a fault means for the work that met it: `usage` the caller must change something, `transient` trying again may
 * help, `record` one record is at fault, `fatal` neither.
 */
export type FaultClass = "usage" | "transient" | "record" | "fatal";

/** One of the closed list of codes. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** What a {@link MillraceError} may say beside its message. */
export interface MillraceErrorOptions {
  readonly cause?: unknown;
  /** Decided by whoever throws; the code's usual class when absent. */
  readonly fault?: FaultClass;
  /** Facts for programs (SQLSTATE, split, line); never a secret. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/**
 * The error every part of millrace throws.
 *
 * @example
 * throw new MillraceError("SOURCE_NOT_FOUND", "source.path: no file matches data/*.csv", { cause });
 */
export class MillraceError extends Error {
  override readonly name = "MillraceError";
  readonly code: ErrorCode;
  readonly fault: FaultClass;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: MillraceErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.fault = options.fault ?? ERROR_CODES[code];
    this.details = options.details ?? {};
  }

  /** Whether trying the same again may succeed. */
  get retryable(): boolean {
    return this.fault === "transient";
  }

  /**
   * Wraps whatever was thrown; an error that is one already comes back as it is.
   *
   * @param code the code for anything that carries none
   * @param context what was being done, put before the message
   */
  static from(thrown: unknown, code: ErrorCode = "INVARIANT", context?: string): MillraceError {
    if (thrown instanceof MillraceError) return thrown;
    const message = messageOf(thrown);
    return new MillraceError(code, context === undefined ? message : `${context}: ${message}`, { cause: thrown });
  }
}

/** Whether `thrown` is a {@link MillraceError}, of one of these codes if any are named. */
export function isMillraceError(thrown: unknown, ...codes: ErrorCode[]): thrown is MillraceError {
  return thrown instanceof MillraceError && (codes.length === 0 || codes.includes(thrown.code));
}
