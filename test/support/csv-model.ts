/**
 * The oracle for CSV with faults: SEMANTICS "CSV" over a whole file, by regular expressions instead of a scanner.
 *
 * Slow and plain on purpose. It shares nothing with src/formats/csv, so that both must be wrong in the same way to agree.
 */

/** The part of the `csv` options that the model knows. */
export interface ModelDialect {
  readonly delimiter: string;
  readonly quote: string | null;
  readonly escape?: string;
  readonly comment?: string;
  readonly trim?: "both" | "left" | "right";
  readonly quotes?: "strict" | "literal";
  readonly nulls?: readonly string[];
  readonly emptyAsNull?: boolean;
  readonly blankLines?: "skip" | "record";
  readonly ragged?: "reject" | "pad";
}

/** One record as the model reads it. */
export interface ModelRecord {
  /** First byte in the file. */
  readonly start: number;
  /** Behind the last byte, without the line end. */
  readonly stop: number;
  /** The fields' values, or the code of the fault. */
  readonly outcome: readonly (string | null)[] | string;
}

/** All records of `file[from..]` for a header of `width` fields. */
export function modelRecords(
  file: Buffer,
  from: number,
  width: number,
  dialect: ModelDialect,
  maxRecordBytes: number,
): ModelRecord[] {
  return new Model(file.toString("latin1"), width, inBytes(dialect), maxRecordBytes).records(from);
}

/** The marks as the model meets them: a character a byte. */
function inBytes(dialect: ModelDialect): ModelDialect {
  const bytes = (mark: string): string => Buffer.from(mark).toString("latin1");
  const { delimiter, quote, escape, comment, ...rest } = dialect;
  return {
    ...rest,
    delimiter: bytes(delimiter),
    quote: quote === null ? null : bytes(quote),
    ...(escape === undefined ? {} : { escape: bytes(escape) }),
    ...(comment === undefined ? {} : { comment: bytes(comment) }),
  };
}

const never = "(?!)";

class Model {
  readonly #text: string;
  readonly #width: number;
  readonly #dialect: ModelDialect;
  readonly #max: number;
  readonly #noRecord: RegExp;
  readonly #blanksAtEnd: RegExp;
  readonly #record: RegExp;
  readonly #field: RegExp;
  readonly #opening: RegExp;
  readonly #closed: RegExp;
  readonly #bareStop: RegExp;
  readonly #unescape: RegExp;

  constructor(text: string, width: number, dialect: ModelDialect, max: number) {
    this.#text = text;
    this.#width = width;
    this.#dialect = dialect;
    this.#max = max;
    const { trim } = dialect;
    const delimiter = RegExp.escape(dialect.delimiter);
    const quote = dialect.quote === null ? never : RegExp.escape(dialect.quote);
    const escape = dialect.quote === null ? never : RegExp.escape(dialect.escape ?? dialect.quote);
    const comment = dialect.comment === undefined ? never : RegExp.escape(dialect.comment);
    const blank = dialect.delimiter === "\t" ? " " : "[ \\t]";
    const left = trim === "both" || trim === "left" ? `${blank}*` : "";
    const right = trim === "both" || trim === "right" ? `${blank}*` : "";
    const pair = `${escape}(?:${quote}|${escape})`;
    const closing = `(?!${pair})${quote}`;
    const inside = `(?:${pair}|(?!${pair})(?!${quote})[^])*`;
    const strict = dialect.quotes !== "literal";
    const bareCharacter = `(?!${delimiter})${strict ? `(?!${quote})` : ""}[^\\n]`;
    const field = `(?:${left}${quote}${inside}${closing}${right}|(?!${left}${quote})(?:${bareCharacter})*)`;
    this.#record = new RegExp(`${field}(?:${delimiter}${field})*(?:\\r?\\n|$)`, "y");
    this.#field = new RegExp(`${left}${quote}(${inside})${closing}${right}|((?:${bareCharacter})*)`, "y");
    this.#opening = new RegExp(`${left}${quote}`, "y");
    this.#closed = new RegExp(`${inside}${closing}${right}`, "y");
    this.#bareStop = new RegExp(strict ? `${delimiter}|${quote}` : delimiter, "g");
    this.#unescape = new RegExp(`${escape}(${quote}|${escape})`, "g");
    const blanks = trim === undefined ? "" : `${blank}*`;
    const keep = dialect.blankLines === "record";
    this.#noRecord = new RegExp(`${comment}[^\\n]*(?:\\n|$)${keep ? "" : `|${blanks}\\r?\\n`}`, "y");
    this.#blanksAtEnd = keep || blanks === "" ? new RegExp(never, "y") : new RegExp(`${blanks}$`, "y");
  }

  records(from: number): ModelRecord[] {
    const found: ModelRecord[] = [];
    let at = from;
    while (at < this.#text.length) {
      const next = this.#skip(at);
      if (next === at) {
        const [record, behind] = this.#one(at);
        found.push(record);
        at = behind;
      } else {
        at = next;
      }
    }
    return found;
  }

  #skip(at: number): number {
    const line = matchAt(this.#noRecord, this.#text, at) ?? matchAt(this.#blanksAtEnd, this.#text, at);
    if (line === null || line[0] === "") return at;
    const isComment = this.#dialect.comment !== undefined && line[0].startsWith(this.#dialect.comment);
    const length = line[0].endsWith("\n") ? line[0].length - 1 : line[0].length;
    return isComment || length <= this.#max ? at + line[0].length : at;
  }

  #one(start: number): [ModelRecord, number] {
    const match = matchAt(this.#record, this.#text, start);
    if (match !== null) {
      const length = match[0].endsWith("\n") ? match[0].length - 1 : match[0].length;
      if (length <= this.#max) return [this.#good(start, match), start + match[0].length];
    }
    const [code, at] = this.#fault(start);
    const lineFeed = this.#text.indexOf("\n", at);
    const behind = lineFeed === -1 ? this.#text.length : lineFeed + 1;
    const stop = start + this.#text.slice(start, behind).replace(/\r?\n$/, "").length;
    return [{ start, stop, outcome: code }, behind];
  }

  #good(start: number, match: RegExpExecArray): ModelRecord {
    const stop = start + match[0].replace(/\r?\n$/, "").length;
    const values: (string | null)[] = [];
    let invalid = false;
    for (let at = start; ; ) {
      // the record's own carriage return must not be taken for data
      const field = matchAt(this.#field, this.#text.slice(0, stop), at) as RegExpExecArray;
      const text = decodeUtf8(
        (field[1] ?? this.#trimmed(field[2] ?? "")).replace(field[1] === undefined ? /(?!)/ : this.#unescape, "$1"),
      );
      invalid ||= text === null;
      values.push(this.#value(text ?? "", field[1] !== undefined));
      at += field[0].length;
      if (at >= stop) break;
      at += this.#dialect.delimiter.length;
    }
    const pads = this.#dialect.ragged === "pad" && values.length < this.#width;
    if (values.length !== this.#width && !pads) return { start, stop, outcome: "CSV_FIELD_COUNT" };
    if (invalid) return { start, stop, outcome: "ENCODING_INVALID" };
    while (values.length < this.#width) values.push(null);
    return { start, stop, outcome: values };
  }

  #trimmed(text: string): string {
    const { trim, delimiter } = this.#dialect;
    const blank = delimiter === "\t" ? " +" : "[ \\t]+";
    let result = text;
    if (trim === "both" || trim === "left") result = result.replace(new RegExp(`^${blank}`), "");
    if (trim === "both" || trim === "right") result = result.replace(new RegExp(`${blank}$`), "");
    return result;
  }

  #value(text: string, quoted: boolean): string | null {
    if (quoted) return text;
    if (text === "") return this.#dialect.emptyAsNull === true ? null : "";
    return this.#dialect.nulls?.includes(text) === true ? null : text;
  }

  /** Code of the record's fault and the byte behind which the next line end ends it. */
  #fault(start: number): [string, number] {
    const seen = this.#text.slice(0, start + this.#max + 1);
    const atEnd = seen.length === this.#text.length;
    for (let at = start; ; ) {
      const opening = matchAt(this.#opening, seen, at);
      if (opening === null) {
        this.#bareStop.lastIndex = at;
        const stop = this.#bareStop.exec(seen);
        if (stop === null) return ["RECORD_TOO_LARGE", seen.length];
        if (stop[0] !== this.#dialect.delimiter) return ["CSV_STRAY_QUOTE", stop.index];
        at = stop.index + this.#dialect.delimiter.length;
        continue;
      }
      const inside = at + opening[0].length;
      const closed = matchAt(this.#closed, seen, inside);
      const { delimiter, quote, escape = quote } = this.#dialect;
      if (closed === null) return ["CSV_UNCLOSED_QUOTE", inside - (quote ?? "").length];
      const behind = inside + closed[0].length;
      const next = seen.slice(behind);
      const pairs = escape === quote && closed[0].endsWith(quote ?? "") ? [quote ?? ""] : [];
      const cut = !atEnd && ["\r\n", delimiter, ...pairs].some((mark) => mark.startsWith(next));
      if (next === "" || cut) return ["RECORD_TOO_LARGE", seen.length];
      if (!next.startsWith(delimiter)) return ["CSV_STRAY_QUOTE", behind];
      at = behind + delimiter.length;
    }
  }
}

function matchAt(expression: RegExp, text: string, at: number): RegExpExecArray | null {
  expression.lastIndex = at;
  return expression.exec(text);
}

function decodeUtf8(latin1: string): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(latin1, "latin1"));
  } catch {
    return null;
  }
}
