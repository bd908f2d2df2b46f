/** What the HTTP server puts up with from its clients. */

/** Bounds of the server; a test sets small ones. */
export interface HttpLimits {
  /** Of all headers of a request together, with its first line. */
  readonly headerBytes: number;
  /** Of the body of a request to the API. */
  readonly bodyBytes: number;
  /** How long a request's headers may take. */
  readonly headersMs: number;
  /** How long a whole request may take to arrive. */
  readonly requestMs: number;
  /** How long a connection may lie idle between requests. */
  readonly keepAliveMs: number;
  /** How often the three above are looked at. */
  readonly lookEveryMs: number;
  readonly connections: number;
  /** How long a client may take to read a reply. */
  readonly replyMs: number;
  /** Streams that are open at once, so that they leave connections to the probes. */
  readonly streams: number;
  /** What may wait for a slow reader of a stream. */
  readonly streamBytes: number;
}

/** Those of a daemon; docs/http-api.md tells them. */
export const HTTP_LIMITS: HttpLimits = {
  headerBytes: 16 * 1024,
  bodyBytes: 64 * 1024,
  headersMs: 10_000,
  requestMs: 30_000,
  keepAliveMs: 5_000,
  lookEveryMs: 1_000,
  connections: 256,
  replyMs: 30_000,
  streams: 64,
  streamBytes: 1024 * 1024,
};
