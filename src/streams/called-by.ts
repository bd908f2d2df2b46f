/** Errors of connectors name keys of a job's config; to a program they are the arguments of a function. */
import { MillraceError } from "../core/errors.ts";

/**
 * Does something with a connector and lets its errors begin with the function that was called: `source.path: no file
 * matches a.csv` becomes `readCsv: no file matches a.csv`.
 *
 * @param role what the connector calls itself: `source`, `sink`
 */
export async function calledBy<T>(caller: string, role: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof MillraceError)) throw thrown;
    const { code, fault, details, cause } = thrown;
    const message = thrown.message.replace(new RegExp(`^${role}\\.path: `), "").replaceAll(`${role}.`, "");
    throw new MillraceError(code, `${caller}: ${message}`, { cause, fault, details });
  }
}
