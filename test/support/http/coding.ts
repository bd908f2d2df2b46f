/** Codings of a body: an answer is compressed as its client accepts it. */
import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from "node:zlib";
import { type Endpoint, piecesOf, type Reply, type Request } from "./reply.ts";

/** A coding. */
export type Coding = "gzip" | "br" | "zstd";

/** All of them. */
export const CODINGS: readonly Coding[] = ["gzip", "br", "zstd"];

const QUICKLY = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } };
const COMPRESS = {
  gzip: (bytes: Uint8Array) => gzipSync(bytes),
  br: (bytes: Uint8Array) => brotliCompressSync(bytes, QUICKLY),
  zstd: (bytes: Uint8Array) => zstdCompressSync(bytes),
} as const;

/** Compresses what another endpoint answers, if the client takes that coding. */
export class Coded implements Endpoint {
  readonly #endpoint: Endpoint;
  readonly #coding: Coding;

  constructor(endpoint: Endpoint, coding: Coding) {
    this.#endpoint = endpoint;
    this.#coding = coding;
  }

  answer(request: Request): Reply {
    const { body, length: _length, ...reply } = this.#endpoint.answer(request);
    const accepted = (request.headers["accept-encoding"] ?? "").split(/\s*,\s*/);
    if (!accepted.includes(this.#coding)) return { ...reply, body };
    const headers = { ...reply.headers, "content-encoding": this.#coding };
    return { ...reply, headers, body: COMPRESS[this.#coding](Buffer.concat([...piecesOf(body)])) };
  }
}
