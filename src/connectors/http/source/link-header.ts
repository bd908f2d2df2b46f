/** The Link header (RFC 8288): where related resources are. */

/** `<target>` and the parameters behind it; a quoted value may hold anything, a bare one ends at a separator. */
const linkPattern =
  /[\s,]*<(?<target>[^>]*)>(?<parameters>(?:\s*;\s*[^\s=;,]*(?:\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s;,]*))?)*)/gy;
const parameterPattern = /;\s*(?<name>[^\s=;,]*)(?:\s*=\s*(?:"(?<quoted>(?:[^"\\]|\\.)*)"|(?<bare>[^\s;,]*)))?/g;

/**
 * The first target with a relation; of several headers their values with commas between.
 *
 * @param relation in lower case
 * @returns as it stands in the header, often relative
 * @example
 * linkTarget('</items?page=3>; rel="next", </items?page=9>; rel=last', "next"); // "/items?page=3"
 */
export function linkTarget(header: string, relation: string): string | undefined {
  for (const { groups } of header.matchAll(linkPattern)) {
    const { target = "", parameters = "" } = groups ?? {};
    const named = parametersOf(parameters);
    // A link with an anchor is about another resource than the one that was asked for.
    if (named.has("anchor")) continue;
    if (named.get("rel")?.toLowerCase().split(/\s+/).includes(relation)) return target.trim();
  }
  return undefined;
}

/** Of a name that comes twice the first counts, as the RFC says of rel. */
function parametersOf(text: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (const { groups } of text.matchAll(parameterPattern)) {
    const { name = "", quoted, bare = "" } = groups ?? {};
    const key = name.toLowerCase();
    if (!parameters.has(key)) parameters.set(key, quoted?.replaceAll(/\\(.)/g, "$1") ?? bare);
  }
  return parameters;
}
