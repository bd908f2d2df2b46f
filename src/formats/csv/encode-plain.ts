/** Writes CSV rows as text that is then encoded: the way of every dialect that the byte encoder does not write. */
import { MillraceError } from "../../core/errors.ts";
import type { ByteWriter } from "../../core/ports/byte-writer.ts";
import type { Encoder, EncodeSpec, FieldSpan, SourceFields } from "../../core/ports/format.ts";
import { encodeText } from "../encodings.ts";
import { declaredColumns, fieldsOf, type OutputColumns } from "../output-fields.ts";
import { putCopy } from "../put-bytes.ts";
import { unwritable } from "../values/json-text.ts";
import { valueText } from "../values/write-text.ts";
import type { Dialect } from "./dialect.ts";
import { titlesOf } from "./encode.ts";
import { FieldQuoter } from "./field-quoter.ts";

const BYTE_ORDER_MARK = "\uFEFF";

/** Whether a dialect is written here: marks of several bytes, an encoding other than UTF-8, null as a text. */
export function isWrittenPlain({ wide, fileEncoding, nullText }: Dialect): boolean {
  return wide !== null || fileEncoding !== "utf-8" || nullText !== "";
}

/** Encodes one output a row, by the rules of the byte encoder; null is the first of `csv.nulls`, which may be nothing. */
export class PlainCsvEncoder implements Encoder {
  readonly head: Uint8Array;
  readonly #dialect: Dialect;
  readonly #columns: OutputColumns;
  readonly #quoter: FieldQuoter;

  /** @throws MillraceError CONFIG_INVALID, or INVARIANT when the columns are not known yet */
  constructor(spec: EncodeSpec, dialect: Dialect) {
    if (spec.columns === null)
      throw new MillraceError("INVARIANT", `sink "${spec.sink}": a CSV encoder without columns`);
    this.#dialect = dialect;
    this.#columns = declaredColumns(spec);
    this.#quoter = new FieldQuoter(dialect);
    this.head = this.#headOf(titlesOf(this.#columns.names, dialect));
  }

  encode(output: unknown, source: SourceFields, to: ByteWriter): void {
    this.#columns.take(fieldsOf(output));
    const { names, values } = this.#columns;
    const indexes = this.#columns.sourceIndexes(source);
    const texts = names.map((name, i) => this.#fieldText(values[i], source, indexes[i] as number, name, i === 0));
    const bytes = this.#rowBytes(texts);
    putCopy(to, bytes, 0, bytes.length);
  }

  #fieldText(value: unknown, source: SourceFields, index: number, name: string, leads: boolean): string {
    if (value === null || value === undefined) return this.#dialect.nullText;
    const span = index >= 0 && source.isUntouched(index, value) ? source.span(index) : undefined;
    const untouched = span === undefined ? null : textOf(source, span);
    if (untouched === null) return this.#quoter.quoted(valueText(value, name, "portable"), name, leads);
    if (untouched === "" && span?.quoted !== true) return "";
    return this.#quoter.quoted(untouched, name, leads);
  }

  /** @throws MillraceError VALUE_INVALID for a character that the encoding has not, or a row that would be a blank line */
  #rowBytes(texts: readonly string[]): Buffer {
    const { names } = this.#columns;
    const row = texts.join(this.#dialect.texts.delimiter) || this.#quoter.empty;
    if (row === "") {
      throw unwritable(names[0] ?? "", "a row without text would be a blank line, and csv.quote is null");
    }
    const bytes = encodeText(`${row}\n`, this.#dialect.fileEncoding);
    if (bytes !== null) return bytes;
    const column = names[texts.findIndex((text) => encodeText(text, this.#dialect.fileEncoding) === null)] ?? "";
    throw unwritable(column, `the text holds a character that ${this.#dialect.fileEncoding} does not have`);
  }

  #headOf(titles: readonly string[]): Uint8Array {
    const { fileEncoding } = this.#dialect;
    const isWide = fileEncoding === "utf-16le" || fileEncoding === "utf-16be";
    const mark = isWide ? (encodeText(BYTE_ORDER_MARK, fileEncoding) as Buffer) : Buffer.alloc(0);
    if (titles.length === 0) return mark;
    return Buffer.concat([mark, this.#rowBytes(titles.map((title, i) => this.#quoter.quoted(title, title, i === 0)))]);
  }
}

/** The text of an untouched field; null when its bytes are not that text. */
function textOf({ bytes, encoding }: SourceFields, { begin, end, escaped, quoted }: FieldSpan): string | null {
  // the text of a JSON string with backslashes is its value; that of an object or number is its bytes
  if (encoding === "json" && escaped && quoted) return null;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + begin, end - begin).toString("utf8");
  return encoding === "csv" && escaped ? text.replaceAll('""', '"') : text;
}
