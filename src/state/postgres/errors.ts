/** What Postgres's errors mean for whoever keeps state in it. */
import { type ErrorCode, MillraceError } from "../../core/errors.ts";
import { describe, postgresError, serverError } from "../../postgres/errors.ts";

/** SQLSTATEs that say the tables are not those that this program made, or that the server found damage in them. */
const DAMAGE = /^(?:42P01|42703|42883|3F000|XX001|XX002)$/;

/** What the room's errors of a connection are called where no sink is meant. */
const CODES: Partial<Readonly<Record<ErrorCode, ErrorCode>>> = {
  SINK_UNAVAILABLE: "STATE_UNAVAILABLE",
  SINK_REFUSED: "STATE_UNAVAILABLE",
  SINK_FAILED: "STATE_UNAVAILABLE",
  ROW_REFUSED: "INVARIANT",
};

/**
 * Names the fault of whatever the driver threw; the store's own errors come back as they are.
 *
 * @param label the store, for people: `postgres etl@db:5432/ops`
 * @param lost the session is gone: whatever was said on it, that is to blame
 */
export function toStateError(thrown: unknown, label: string, lost = false): MillraceError {
  const server = serverError(thrown);
  if (server !== undefined && DAMAGE.test(server.sqlstate)) {
    return new MillraceError(
      "STATE_CORRUPT",
      `state store ${label}: its tables are not as millrace made them: ${describe(server)}; bring back a copy, or name ` +
        "another schema with ?stateSchema=<name> to begin with an empty store: positions in a Postgres sink are not lost",
      { cause: thrown, details: { sqlstate: server.sqlstate } },
    );
  }
  const error = postgresError(thrown, `state store ${label}`, lost ? { fault: "transient" } : {});
  const code = CODES[error.code];
  if (code === undefined) return error;
  const { details, message } = error;
  // One that the room has worded already does not say yet what it was for.
  const told = error === thrown ? `state store: ${message}` : message;
  const fault = code === "INVARIANT" ? "fatal" : error.fault;
  return new MillraceError(code, told, { cause: thrown, fault, details });
}
