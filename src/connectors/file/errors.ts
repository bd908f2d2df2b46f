/** What the file system's errors mean for a source and for a sink. */
import { MillraceError } from "../../core/errors.ts";

/** Trying again may help: a network file system, a busy device, too many open files. */
const TRANSIENT = new Set(["EIO", "EAGAIN", "EBUSY", "EINTR", "EMFILE", "ENFILE", "ESTALE", "ETIMEDOUT", "ENETDOWN"]);

const REFUSED = new Set(["EACCES", "EPERM", "EROFS", "ENOTDIR", "EISDIR", "ELOOP", "ENAMETOOLONG"]);

const FULL: Readonly<{ [code: string]: string }> = {
  ENOSPC: "the disk is full; make room and run again",
  EDQUOT: "the disk quota is used up; make room and run again",
  EFBIG: "the file would be larger than this file system or user may have; use `rotate` to write parts",
};

const ADVICE: Readonly<{ [code: string]: string }> = {
  ENOENT: "it does not exist",
  EACCES: "this user may not do that; check the permissions",
  EPERM: "this user may not do that; check the permissions",
  EROFS: "the file system is read-only",
  ENOTDIR: "a part of the path is no folder",
  EISDIR: "it is a folder",
  ELOOP: "its symbolic links lead in a circle",
  ENAMETOOLONG: "the name is too long for this file system",
  EMFILE: "this process has too many files open; raise `ulimit -n`",
};

/** The code of a file-system error; '' for anything else. */
export function errnoOf(thrown: unknown): string {
  return thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
}

/** What a code says, in words. */
export function describeErrno(thrown: unknown): string {
  const code = errnoOf(thrown);
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return ADVICE[code] === undefined ? text : `${ADVICE[code]} (${code})`;
}

/**
 * Names the fault of a failed read.
 *
 * @param what what was being done, on what: `reading data/a.csv`
 */
export function toSourceError(thrown: unknown, what: string): MillraceError {
  if (thrown instanceof MillraceError) return thrown;
  const fault = TRANSIENT.has(errnoOf(thrown)) ? "transient" : "fatal";
  return new MillraceError("SOURCE_FAILED", `${what}: ${describeErrno(thrown)}`, { cause: thrown, fault });
}

/**
 * Names the fault of a failed write.
 *
 * @param what what was being done, on what: `writing out.csv`
 */
export function toSinkError(thrown: unknown, what: string): MillraceError {
  if (thrown instanceof MillraceError) return thrown;
  const code = errnoOf(thrown);
  const full = FULL[code];
  if (full !== undefined) return new MillraceError("SINK_FAILED", `${what}: ${full} (${code})`, { cause: thrown });
  const message = `${what}: ${describeErrno(thrown)}`;
  if (TRANSIENT.has(code)) return new MillraceError("SINK_UNAVAILABLE", message, { cause: thrown });
  return new MillraceError(REFUSED.has(code) ? "SINK_REFUSED" : "SINK_FAILED", message, { cause: thrown });
}
