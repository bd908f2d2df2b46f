/** JSON lines into records. SEMANTICS "JSON Lines" is the contract. */
import { isAscii, isUtf8 } from "node:buffer";
import type { DecodeRequest, DecodeSpec, Decoder, RecordBatch, RecordFault } from "../../core/ports/format.ts";
import { bufferOf } from "../lines.ts";
import { MAX_JSON_DEPTH, nestingExceeds } from "../values/json-depth.ts";
import { FieldPicker } from "./field-picker.ts";
import { isFields, LineFields } from "./line-fields.ts";
import { KnownShapes } from "./known-shapes.ts";
import { indexLines } from "./line-index.ts";
import { RecordBorders, type RecordIndexer } from "./record-borders.ts";
import { syntaxFault } from "./syntax-fault.ts";
import { TypedFields } from "./typed-fields.ts";

type Read = { readonly record: unknown } | { readonly fault: RecordFault };

/** Decodes chunk after chunk; it is its own batch, because only the last one is ever valid. */
export class JsonLinesDecoder implements Decoder, RecordBatch {
  readonly current = new LineFields();
  readonly #maxRecordBytes: number;
  readonly #typed: TypedFields;
  readonly #picker: FieldPicker | null;
  /** Null where `select` or `rename` makes other records of the source's objects. */
  readonly #shapes: KnownShapes | null;
  readonly #index = new RecordBorders();
  readonly #indexer: RecordIndexer;
  #bytes: Buffer = Buffer.alloc(0);
  #charset: "latin1" | "utf8" | "mixed" = "latin1";
  /** Used again for every record that is good at once. */
  readonly #good: { record: unknown } = { record: null };

  /** @throws MillraceError CONFIG_INVALID for a declared date pattern or time zone that does not exist */
  constructor(spec: DecodeSpec, indexer: RecordIndexer = indexLines) {
    this.#indexer = indexer;
    this.#maxRecordBytes = spec.maxRecordBytes;
    this.#picker = FieldPicker.isNeeded(spec) ? new FieldPicker(spec) : null;
    this.#typed = new TypedFields(this.#picker?.columns ?? spec.columns);
    this.#shapes = this.#picker === null ? new KnownShapes(spec.columns, spec.generateAfter) : null;
  }

  decode({ bytes, final, truncated, ends }: DecodeRequest): RecordBatch {
    this.#bytes = bufferOf(bytes);
    // ASCII alone is read as latin1, which is several times faster; nearly always the whole chunk is one or the other
    this.#charset = isAscii(this.#bytes) ? "latin1" : isUtf8(this.#bytes) ? "utf8" : "mixed";
    this.current.reset(this.#bytes);
    this.#shapes?.reset(this.#charset === "mixed" ? null : this.#bytes);
    this.#index.clear();
    if (ends === undefined) this.#indexer({ bytes: this.#bytes, final, truncated }, this.#maxRecordBytes, this.#index);
    else this.#index.takeFrames(this.#bytes, ends);
    return this;
  }

  get count(): number {
    return this.#index.count;
  }

  get end(): number {
    return this.#index.end;
  }

  get lines(): number {
    return this.#index.lines;
  }

  start(record: number): number {
    return this.#index.begin(record);
  }

  stop(record: number): number {
    return this.#index.stop(record);
  }

  line(record: number): number {
    return this.#index.line(record);
  }

  read(record: number): Read {
    const [begin, end] = [this.start(record), this.stop(record)];
    const fault = this.#sizeFault(record, end - begin) ?? this.#charsetFault(begin, end);
    if (fault !== undefined) return { fault };
    const known = this.#shapes?.read(begin, end, this.current) ?? null;
    if (known !== null) {
      this.#good.record = known;
      return this.#good;
    }
    return this.#parse(begin, end);
  }

  #parse(begin: number, end: number): Read {
    const text = this.#bytes.toString(this.#charset === "latin1" ? "latin1" : "utf8", begin, end);
    if (nestingExceeds(text)) return { fault: tooDeep };
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return { fault: { code: "JSON_INVALID", message: syntaxFault(text) } };
    }
    return this.#typedRecord(value, begin, end);
  }

  #typedRecord(value: unknown, begin: number, end: number): Read {
    this.current.enter(value, begin, end);
    if (this.#typed.any || this.#picker !== null) {
      if (!isFields(value)) return { fault: notAnObject(value) };
      const fault = this.#typed.apply(value, this.current);
      if (fault !== undefined) return { fault };
      if (this.#picker !== null) return this.#pick(this.#picker, value);
    }
    this.current.keepValues();
    if (isFields(value)) this.#shapes?.learn(this.current);
    return { record: value };
  }

  #pick(picker: FieldPicker, value: Record<string, unknown>): Read {
    const picked = picker.pick(value);
    if ("fault" in picked) return picked;
    this.current.pick(picked);
    return { record: picked.record };
  }

  #sizeFault(record: number, size: number): RecordFault | undefined {
    if (size <= this.#maxRecordBytes && !this.#index.isCut(record)) return undefined;
    const limit = `maxRecordBytes (${this.#maxRecordBytes})`;
    return {
      code: "RECORD_TOO_LARGE",
      message: `the record has more bytes than ${limit}; raise it if this is no fault`,
    };
  }

  #charsetFault(begin: number, end: number): RecordFault | undefined {
    if (this.#charset !== "mixed" || isUtf8(this.#bytes.subarray(begin, end))) return undefined;
    return invalidUtf8;
  }
}

const tooDeep: RecordFault = {
  code: "JSON_TOO_DEEP",
  message: `arrays and objects nest deeper than ${MAX_JSON_DEPTH} levels`,
};

const invalidUtf8: RecordFault = {
  code: "ENCODING_INVALID",
  message: "the record holds bytes that are not UTF-8; JSON is UTF-8 only, so convert the file first",
};

function notAnObject(value: unknown): RecordFault {
  const what = value === null ? "null" : Array.isArray(value) ? "an array" : `a ${typeof value}`;
  return {
    code: "NOT_AN_OBJECT",
    message: `the record is ${what}, and declared columns, select and rename need an object with fields`,
  };
}
