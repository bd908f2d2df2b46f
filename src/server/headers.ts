/**
 * The headers of every reply. They make a browser take nothing of it for something else: not as a script, not in a frame,
 * not for another site, not from a cache. There are none of CORS, so pages of other sites read nothing.
 */
export const HARDENING: { readonly [name: string]: string } = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};
