/** What to do where a server's certificate, or ours, is not taken. */

const UNTRUSTED =
  "its certificate is not trusted: put the certificate of its authority into ssl.ca, or behind sslrootcert= in the url";

/** By the codes of Node and of OpenSSL. */
const ADVICE: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "its certificate has expired: have it renewed, and check this machine's clock",
  CERT_NOT_YET_VALID: "its certificate is not valid yet: check this machine's clock",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another host: use a name in url that the certificate holds",
};

/** Codes that come in families, the first that fits. */
const FAMILIES: readonly (readonly [RegExp, string])[] = [
  [/ALERT.*(?:CERT|CA$)/, "it does not take this client's certificate: check ssl.cert and ssl.key"],
  [/CERT|SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET)/, UNTRUSTED],
];

/** Advice on an error of TLS; undefined for any other. */
export function tlsAdvice(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !("code" in thrown) || typeof thrown.code !== "string") return undefined;
  const { code } = thrown;
  return ADVICE[code] ?? FAMILIES.find(([family]) => family.test(code))?.[1];
}
