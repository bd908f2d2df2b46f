/** How bodies are compressed: RFC 9110, 8.4; zstd is of RFC 8878. */
import { createBrotliDecompress, createGunzip, createZstdDecompress } from "node:zlib";
import type { MillraceError } from "../../../core/errors.ts";
import { messageOf } from "../../../core/thrown.ts";
import type { Exchange } from "./exchange.ts";
import type { Faults } from "./faults.ts";
import { Inflated, type ZlibStream } from "./inflated.ts";
import type { PieceSource } from "./piece-source.ts";
import { shownUrl } from "./shown-url.ts";

/** What requests ask for. */
export const ACCEPTED = "gzip, br, zstd";

/** More on top of each other do nobody any good. */
const MOST = 4;

const OPTIONS = { chunkSize: 64 * 1024 };

const STREAMS: Readonly<Record<string, () => ZlibStream>> = {
  gzip: () => createGunzip(OPTIONS),
  "x-gzip": () => createGunzip(OPTIONS),
  br: () => createBrotliDecompress(OPTIONS),
  zstd: () => createZstdDecompress(OPTIONS),
};

/** How the runtime says that data does not even begin as it should. */
const NOT_AT_ALL = /incorrect header check|Unknown frame descriptor|ERROR_FORMAT|Decompression failed/;

/**
 * The body as it was before it was compressed; the exchange itself where it was not.
 *
 * @throws MillraceError SOURCE_FAILED or SINK_REFUSED for an encoding that is not known
 */
export function decoded(exchange: Exchange, faults: Faults): PieceSource {
  const text = exchange.header("content-encoding");
  if (text === undefined) return exchange;
  const names = text
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "" && name !== "identity");
  const where = `${exchange.method} ${shownUrl(exchange.url)}`;
  let source: PieceSource = exchange;
  // The last one named was put on last.
  for (const name of names.toReversed()) {
    const begin = names.length > MOST ? undefined : STREAMS[name];
    if (begin === undefined) {
      const told = `${where} answered with Content-Encoding ${names.slice(0, MOST).join(", ").slice(0, 100)}`;
      throw faults.lasting("url", `${told}; what can be inflated is ${ACCEPTED}`);
    }
    source = new Inflated(source, { begin, damaged: (cause, out) => damaged(cause, { out, name, where, faults }) });
  }
  return source;
}

interface Damage {
  /** Bytes that came out before. */
  readonly out: number;
  readonly name: string;
  readonly where: string;
  readonly faults: Faults;
}

/** What is not of that encoding at all will not be the next time. */
function damaged(cause: unknown, { out, name, where, faults }: Damage): MillraceError {
  const message = messageOf(cause);
  if (out === 0 && NOT_AT_ALL.test(message)) {
    const told = `the body is not ${name}, as its Content-Encoding says (${message})`;
    return faults.lasting("url", `${where}: ${told}; set the header accept-encoding: identity`, { cause });
  }
  return faults.passing("url", `${where}: the ${name} body is cut or damaged (${message}); it is tried again`, {
    cause,
  });
}
