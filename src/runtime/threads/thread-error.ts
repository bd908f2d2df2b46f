/**
 * How an error crosses from a thread to the main side. Structured clone keeps neither the class nor the code of an error
 * and refuses one with a function in its cause; this form keeps what people and programs read.
 */
import { type ErrorCode, type FaultClass, MillraceError } from "../../core/errors.ts";

/** How many causes of causes are kept. */
const MAX_DEPTH = 5;

/** An error as plain data that every structured clone accepts. */
export interface PackedError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | null;
  /** Present on an error of the project. */
  readonly millrace: {
    readonly code: ErrorCode;
    readonly fault: FaultClass;
    readonly details: Readonly<Record<string, unknown>>;
  } | null;
  /** The `code` of a system error. */
  readonly code: string | null;
  readonly cause: PackedError | null;
}

/** Turns whatever was thrown into data; never throws itself. */
export function packError(thrown: unknown, depth = 0): PackedError {
  if (!(thrown instanceof Error)) {
    return { name: "Error", message: textOf(thrown), stack: null, millrace: null, code: null, cause: null };
  }
  const nested = thrown.cause !== undefined && depth < MAX_DEPTH;
  return {
    name: textOf(thrown.name),
    message: textOf(thrown.message),
    stack: typeof thrown.stack === "string" ? thrown.stack : null,
    millrace:
      thrown instanceof MillraceError
        ? { code: thrown.code, fault: thrown.fault, details: cloneable(thrown.details) }
        : null,
    code: "code" in thrown && typeof thrown.code === "string" ? thrown.code : null,
    cause: nested ? packError(thrown.cause, depth + 1) : null,
  };
}

/** The error again: a {@link MillraceError} if it was one, otherwise an Error of the same name, message and stack. */
export function unpackError(packed: PackedError): Error {
  const cause = packed.cause === null ? undefined : unpackError(packed.cause);
  const error = packed.millrace
    ? new MillraceError(packed.millrace.code, packed.message, { ...packed.millrace, cause })
    : namedError(packed, cause);
  if (packed.stack !== null) error.stack = packed.stack;
  return error;
}

function namedError({ name, message, code }: PackedError, cause: Error | undefined): Error {
  const error = new Error(message, cause === undefined ? undefined : { cause });
  error.name = name;
  return code === null ? error : Object.assign(error, { code });
}

function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return "something that cannot be shown as text";
  }
}

function cloneable(details: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  try {
    return structuredClone(details);
  } catch {
    return {};
  }
}
