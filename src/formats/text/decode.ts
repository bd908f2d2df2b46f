/** Decodes text. */
import type { DecodeRequest, Decoder, DecodeSpec, RecordBatch } from "../../core/ports/format.ts";
import { CsvDecoder } from "../csv/decode.ts";
import { type Dialect, invalidBytes, textDialect } from "../csv/dialect.ts";
import { decodeText } from "../encodings.ts";
import { type OneField, OneFieldDecoder, Unreadable } from "../framed/one-field-decoder.ts";
import { columnReader, INVALID } from "../values/column-reader.ts";
import type { TextOptions } from "./options.ts";

const TITLE = "text";
/** How much of a bad value a message shows. */
const SHOWN = 60;

/** Lines are records of CSV that has no delimiter, no quotes and no comments; what a source has framed is taken whole. */
export class TextRecordDecoder implements Decoder {
  readonly #lines: CsvDecoder;
  readonly #frames: OneFieldDecoder;

  /** @throws MillraceError CONFIG_INVALID for a declared date pattern or time zone that does not exist */
  constructor(spec: DecodeSpec) {
    const dialect = textDialect((spec.options as TextOptions).encoding ?? "utf-8");
    this.#lines = new CsvDecoder({ ...spec, dialect, fields: spec });
    this.#frames = new OneFieldDecoder(framedText(dialect, spec), spec);
  }

  decode(request: DecodeRequest): RecordBatch {
    return request.ends === undefined ? this.#lines.decode(request) : this.#frames.decode(request);
  }
}

function framedText(dialect: Dialect, { columns }: DecodeSpec): OneField {
  const column = columns[TITLE];
  const reader = column && columnReader(column);
  return {
    title: TITLE,
    read(bytes, begin, end) {
      const text = decodeText(bytes, begin, end, dialect.encoding);
      if (text === null) {
        return new Unreadable({
          code: "ENCODING_INVALID",
          message: `${JSON.stringify(TITLE)}: ${invalidBytes(dialect)}`,
        });
      }
      if (column === undefined || reader === undefined) return text;
      if (text === "" && column.type !== "string") return column.nullable === false ? missing : null;
      const value = reader.read(text);
      return value === INVALID ? invalid(reader.expected, text) : value;
    },
  };
}

const missing = new Unreadable({
  code: "VALUE_NULL",
  message: `${JSON.stringify(TITLE)}: null in a column that is declared nullable: false`,
});

function invalid(expected: string, text: string): Unreadable {
  const shown = text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text;
  const message = `${JSON.stringify(TITLE)}: expected ${expected}, found ${JSON.stringify(shown)}`;
  return new Unreadable({ code: "VALUE_INVALID", message });
}
