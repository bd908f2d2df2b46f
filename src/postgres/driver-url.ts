/** What a url says of encryption, in the words of the driver. */

/** Parameters by which a url speaks of encryption. */
const OF_TLS = ["ssl", "sslmode", "sslcert", "sslkey", "sslrootcert"] as const;

/**
 * Modes that the driver takes for `verify-full` today, with a warning that a later version of it will verify less by
 * them. Written as what they are, they go on being that.
 */
const VERIFYING: ReadonlySet<string | null> = new Set(["prefer", "require", "verify-ca"]);

/**
 * The url for the driver, which lets a url's parameters win over everything else.
 *
 * @param isSaidElsewhere whether the job's own `ssl` speaks of it, which counts then
 * @example
 * driverUrl("postgres://db/shop?sslmode=require", false); // "postgres://db/shop?sslmode=verify-full"
 */
export function driverUrl(url: string, isSaidElsewhere: boolean): string {
  const begin = url.indexOf("?");
  if (begin < 0) return url;
  const parameters = new URLSearchParams(url.slice(begin + 1));
  const isLibpq = parameters.get("uselibpqcompat") === "true";
  if (isSaidElsewhere) for (const name of OF_TLS) parameters.delete(name);
  else if (!isLibpq && VERIFYING.has(parameters.get("sslmode"))) parameters.set("sslmode", "verify-full");
  return `${url.slice(0, begin)}?${parameters.toString()}`;
}
