/** Decodes records that the source has framed and that are one field each: their bytes, whatever is in them. */
import { MillraceError } from "../../core/errors.ts";
import type {
  DecodeRequest,
  Decoder,
  DecodeSpec,
  RecordBatch,
  RecordFault,
  SourceFields,
} from "../../core/ports/format.ts";
import { selectionFrom } from "../field-selection.ts";
import { bufferOf } from "../lines.ts";

/** What makes the field's value of a record's bytes. */
export interface OneField {
  /** What the source calls it. */
  readonly title: string;
  readonly read: (bytes: Buffer, begin: number, end: number) => unknown;
}

/** Marks what {@link OneField.read} gives for bytes that are no value: a fault. */
export class Unreadable {
  readonly fault: RecordFault;

  constructor(fault: RecordFault) {
    this.fault = fault;
  }
}

/** Serves chunk after chunk; it is its own batch, because only the last one is ever valid. */
export class OneFieldDecoder implements Decoder, RecordBatch {
  readonly current: OneFieldSource;
  readonly lines = 0;
  readonly #field: OneField;
  readonly #maxRecordBytes: number;
  #bytes: Buffer = Buffer.alloc(0);
  #ends: Int32Array = new Int32Array(0);

  constructor(field: OneField, spec: DecodeSpec) {
    this.#field = field;
    this.#maxRecordBytes = spec.maxRecordBytes;
    this.current = new OneFieldSource(selectionFrom([field.title], spec).names);
  }

  /** @throws MillraceError INVARIANT for bytes that nobody framed */
  decode({ bytes, ends }: DecodeRequest): RecordBatch {
    if (ends === undefined) throw new MillraceError("INVARIANT", "a chunk of framed records came without their ends");
    this.#bytes = bufferOf(bytes);
    this.#ends = ends;
    this.current.bytes = this.#bytes;
    return this;
  }

  get count(): number {
    return this.#ends.length;
  }

  get end(): number {
    return this.#ends.at(-1) ?? 0;
  }

  start(record: number): number {
    return record === 0 ? 0 : this.stop(record - 1);
  }

  stop(record: number): number {
    return this.#ends[record] as number;
  }

  line(): number {
    return 0;
  }

  read(record: number): { readonly record: unknown } | { readonly fault: RecordFault } {
    const [begin, end] = [this.start(record), this.stop(record)];
    if (end - begin > this.#maxRecordBytes) return { fault: this.#tooLarge() };
    const value = this.#field.read(this.#bytes, begin, end);
    if (value instanceof Unreadable) return value;
    const [name] = this.current.names;
    return { record: name === undefined ? {} : { [name]: value } };
  }

  #tooLarge(): RecordFault {
    const message = `the record has more bytes than maxRecordBytes (${this.#maxRecordBytes}); raise it if this is no fault`;
    return { code: "RECORD_TOO_LARGE", message };
  }
}

/** The values are made anew, so nothing counts as untouched and every sink writes what the transform has returned. */
class OneFieldSource implements SourceFields {
  readonly encoding = "csv";
  readonly names: readonly string[];
  bytes: Buffer = Buffer.alloc(0);

  constructor(names: readonly string[]) {
    this.names = names;
  }

  indexOf(name: string): number {
    return this.names.indexOf(name);
  }

  isUntouched(): boolean {
    return false;
  }

  span(): undefined {
    return undefined;
  }

  isNull(): boolean {
    return false;
  }

  whole(): undefined {
    return undefined;
  }
}
