/** JSON lines: one JSON value a line. */
import type { DecodeSpec, EncodeSpec, Format, Header } from "../../core/ports/format.ts";
import { JsonLinesDecoder } from "./decode.ts";
import { JsonLinesEncoder } from "./encode.ts";
import { linesSplitter } from "./splitter.ts";

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf] as const;

/** JSON lines as SEMANTICS describes them; there is no header, only perhaps a byte order mark. */
export const jsonLinesFormat: Format = {
  name: "jsonl",
  readHeader,
  splitter: () => linesSplitter,
  decoder: (spec: DecodeSpec) => new JsonLinesDecoder(spec),
  encoder: (spec: EncodeSpec) => new JsonLinesEncoder(spec),
};

function readHeader(bytes: Uint8Array, final: boolean): Header | null {
  const matching = BYTE_ORDER_MARK.every((byte, at) => at >= bytes.length || bytes[at] === byte);
  if (!matching) return { dataOffset: 0, lines: 0 };
  if (bytes.length >= BYTE_ORDER_MARK.length) return { dataOffset: BYTE_ORDER_MARK.length, lines: 0 };
  return final ? { dataOffset: 0, lines: 0 } : null;
}
