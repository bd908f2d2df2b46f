/** What SQLite's errors mean for whoever keeps state in it. */
import { MillraceError } from "../../core/errors.ts";

/** Primary result codes of SQLite (sqlite.org/rescode.html) that mean something of their own here. */
const RESULT = {
  busy: 5,
  locked: 6,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cantOpen: 14,
  notDatabase: 26,
} as const;

/** The low byte of an extended result code is its primary one. */
const PRIMARY_MASK = 0xff;

/**
 * Names the fault of a thrown SQLite or file-system error; one of ours comes back as it is.
 *
 * @param label the store, for people: `sqlite .millrace/state.db`
 */
export function toStateError(thrown: unknown, label: string): MillraceError {
  if (thrown instanceof MillraceError) return thrown;
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  const unavailable = (advice: string, fault: "transient" | "fatal") =>
    new MillraceError("STATE_UNAVAILABLE", `state store ${label}: ${text}: ${advice}`, { cause: thrown, fault });
  switch (primaryCode(thrown)) {
    case RESULT.busy:
    case RESULT.locked:
      return unavailable("another process keeps the file locked", "transient");
    case RESULT.ioError:
      return unavailable("check the disk it lies on", "transient");
    case RESULT.full:
      return unavailable("the disk is full; make room on it or move the state with --state", "fatal");
    case RESULT.readOnly:
    case RESULT.cantOpen:
      return unavailable(
        "this user must be able to write the file and its folder; or move the state with --state",
        "fatal",
      );
    case RESULT.corrupt:
    case RESULT.notDatabase:
      return corrupt(thrown, label, text);
    case undefined:
      return unavailable("check the path and its permissions, or move the state with --state", "fatal");
    default:
      return new MillraceError("INVARIANT", `state store ${label}: ${text}`, { cause: thrown });
  }
}

/** The result code without its extension; undefined for what did not come from SQLite. */
function primaryCode(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error) || !("errcode" in thrown)) return undefined;
  return Number(thrown.errcode) & PRIMARY_MASK;
}

function corrupt(cause: unknown, label: string, text: string): MillraceError {
  return new MillraceError(
    "STATE_CORRUPT",
    `state store ${label}: the file is damaged or no SQLite database (${text}); put a backup in its place, or move it ` +
      "away to begin with an empty store: positions in a Postgres sink are not lost with it",
    { cause },
  );
}
