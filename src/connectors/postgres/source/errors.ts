/** What Postgres says, in the words of a source. */
import { MillraceError } from "../../../core/errors.ts";
import { faultOf, postgresError, serverError } from "../../../postgres/errors.ts";

/** What the server says when a query does not fit its tables, by SQLSTATE: somebody has to change the job. */
const MISTAKES: ReadonlySet<string> = new Set(["42601", "42703", "42702", "42883", "42804"]);

/**
 * An error of ours for whatever went wrong while a source was looked at or read.
 *
 * @param doing what was being done and where, put before the message
 */
export function sourceError(thrown: unknown, doing: string): MillraceError {
  if (thrown instanceof MillraceError && !thrown.code.startsWith("SINK_")) return thrown;
  const fault = faultOf(thrown);
  const { message } = postgresError(thrown, doing);
  const cause = thrown instanceof MillraceError ? (thrown.cause ?? thrown) : thrown;
  if (fault === "transient") return new MillraceError("SOURCE_UNAVAILABLE", message, { cause });
  const sqlstate = serverError(thrown)?.sqlstate;
  const isMistake = sqlstate !== undefined && MISTAKES.has(sqlstate);
  return new MillraceError("SOURCE_FAILED", message, {
    cause,
    fault: isMistake ? "usage" : "fatal",
    details: sqlstate === undefined ? {} : { sqlstate },
  });
}
