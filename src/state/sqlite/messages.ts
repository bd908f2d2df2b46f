/** What the store and its thread say to each other. Errors cross as data, because a class does not survive the way. */
import { type ErrorCode, type FaultClass, MillraceError } from "../../core/errors.ts";
import type { Arguments, Operation } from "../operations.ts";

/** One operation to be carried out. */
export interface StateRequest<O extends Operation = Operation> {
  readonly id: number;
  readonly operation: O;
  readonly args: Arguments<O>;
  /** Wall-clock milliseconds by the store's clock. */
  readonly at: number;
}

/** To the thread. */
export type ToThread = { readonly kind: "request"; readonly request: StateRequest } | { readonly kind: "close" };

/** A MillraceError as data. */
export interface ErrorData {
  readonly code: ErrorCode;
  readonly fault: FaultClass;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** The answer to one request. */
export type StateReply = { readonly id: number } & (
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: ErrorData }
);

/** From the thread; one message answers all requests that shared a transaction. */
export type FromThread =
  | { readonly kind: "opened" }
  | { readonly kind: "failed"; readonly error: ErrorData }
  | { readonly kind: "replies"; readonly replies: readonly StateReply[]; readonly transactions: number }
  | { readonly kind: "closed" };

/** Takes an error apart for the way. */
export function packError({ code, fault, message, details }: MillraceError): ErrorData {
  return { code, fault, message, details };
}

/** Puts it together again. */
export function unpackError({ code, fault, message, details }: ErrorData): MillraceError {
  return new MillraceError(code, message, { fault, details });
}
