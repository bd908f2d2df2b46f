/** Says whether this program can run here at all; written so that any runtime can read it. */

const OLDEST_NODE = [24, 15] as const;

/**
 * Why this runtime is refused, as one line; undefined when it is supported.
 *
 * @param versions `process.versions`
 */
export function refusalOf(versions: { readonly [component: string]: string | undefined }): string | undefined {
  const needs = `millrace needs Node.js ${OLDEST_NODE.join(".")} or newer`;
  if (versions["bun"] !== undefined) return `${needs}; Bun is not supported`;
  if (versions["deno"] !== undefined) return `${needs}; Deno is not supported`;
  const [major = 0, minor = 0] = (versions["node"] ?? "").split(".").map(Number);
  const isNewEnough = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  return isNewEnough ? undefined : `${needs}; this is ${versions["node"] ?? "something else"}`;
}
