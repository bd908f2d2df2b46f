/** What a session is called in `pg_stat_activity`. */

/** The server keeps so many bytes of a name. */
const MAX_BYTES = 63;

/** A session that works for nobody just now. */
export const APPLICATION = "millrace";

/**
 * The name under which a job, or one run of it, works. Of a name that is too long the job's end is left out, for the run's
 * id finds everything else.
 *
 * @example
 * applicationName("orders", "01J9ZK"); // "millrace orders 01J9ZK"
 */
export function applicationName(job: string, run?: string): string {
  const end = run === undefined ? "" : ` ${printable(run)}`;
  const room = Math.max(0, MAX_BYTES - APPLICATION.length - 1 - end.length);
  return `${APPLICATION} ${printable(job).slice(0, room)}${end}`.slice(0, MAX_BYTES);
}

/** The server writes what is not ASCII in a longer way. */
function printable(text: string): string {
  return text.replaceAll(/[^ -~]/g, "?");
}
