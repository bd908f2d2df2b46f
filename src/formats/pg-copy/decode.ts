/** Decodes rows of COPY .. TO STDOUT in its text format. */
import { isUtf8 } from "node:buffer";
import { MillraceError } from "../../core/errors.ts";
import type {
  DecodeRequest,
  Decoder,
  DecodeSpec,
  RecordBatch,
  RecordFault,
  SourceFields,
} from "../../core/ports/format.ts";
import type { DataRecord } from "../../core/record.ts";
import { CurrentRecord } from "../csv/current-record.ts";
import { csvDialect, type Dialect } from "../csv/dialect.ts";
import { OFFSET } from "../csv/field-index.ts";
import { type FieldPlan, planFields } from "../csv/field-plan.ts";
import { type FieldSelection, selectionFrom } from "../field-selection.ts";
import { bufferOf } from "../lines.ts";
import { anyPlain } from "../values/column-reader.ts";
import { RowIndex, rowStop } from "./row-index.ts";
import { valueReader } from "./value-readers.ts";

/** The decoder's options. */
interface CopyOptions {
  /** The columns in the order of the rows, each with its type as `format_type` spells it. */
  readonly fields?: readonly (readonly [name: string, type: string])[];
}

/** COPY text has no quotes, and no two ways to say null. */
const dialect: Dialect = {
  ...csvDialect({ delimiter: "\t", quote: null, nulls: [] }),
  encodingKey: "the encoding of the database",
};

/** Serves chunk after chunk; it is its own batch, because only the last one is ever valid. */
export class CopyTextDecoder implements Decoder, RecordBatch {
  readonly lines = 0;
  readonly #index = new RowIndex();
  readonly #current: CurrentRecord;
  readonly #picked: Int32Array | null;
  readonly #width: number;
  readonly #maxRecordBytes: number;
  /** Whether nothing but the server has a say in what the fields hold. */
  readonly #isUndeclared: boolean;
  readonly #good: { record: DataRecord } = { record: {} };
  #bytes: Buffer = Buffer.alloc(0);
  #ends: Int32Array = new Int32Array(0);
  /** Whether the chunk is text in UTF-8; undefined until somebody asks. */
  #isText: boolean | undefined;

  /** @throws MillraceError CONFIG_INVALID for a declared date pattern or time zone that does not exist */
  constructor(spec: DecodeSpec) {
    const { fields = [] } = spec.options as CopyOptions;
    const header = fields.map(([name]) => name);
    const selection = selectionFrom(header, spec);
    this.#picked = selection.picked;
    this.#width = header.length;
    this.#maxRecordBytes = spec.maxRecordBytes;
    this.#isUndeclared = Object.keys(selection.columns).length === 0;
    this.#current = new CurrentRecord({
      plans: plansOf(selection, new Map(fields)),
      headerWidth: header.length,
      dialect,
      index: this.#index.fields,
      encoding: "text",
      generateAfter: spec.generateAfter,
    });
  }

  /** @throws MillraceError INVARIANT for bytes that nobody framed, or more than 256 MiB */
  decode({ bytes, ends }: DecodeRequest): RecordBatch {
    if (ends === undefined) throw new MillraceError("INVARIANT", "a chunk of framed records came without their ends");
    if (bytes.length > OFFSET) {
      throw new MillraceError("INVARIANT", `a COPY chunk of ${bytes.length} bytes: expected at most ${OFFSET}`);
    }
    this.#bytes = bufferOf(bytes);
    this.#ends = ends;
    this.#isText = undefined;
    this.#index.index(this.#bytes, ends);
    if (this.#picked !== null) this.#pick(this.#picked);
    this.#current.reset(this.#index.bytes);
    return this;
  }

  get current(): SourceFields {
    return this.#current;
  }

  get count(): number {
    return this.#ends.length;
  }

  get end(): number {
    return this.#ends.at(-1) ?? 0;
  }

  start(record: number): number {
    return record === 0 ? 0 : (this.#ends[record - 1] as number);
  }

  stop(record: number): number {
    return rowStop(this.#bytes, this.start(record), this.#ends[record] as number);
  }

  line(): number {
    return 0;
  }

  read(record: number): { readonly record: unknown } | { readonly fault: RecordFault } {
    if (this.stop(record) - this.start(record) > this.#maxRecordBytes) return { fault: this.#tooLarge() };
    const { fields } = this.#index;
    // what `select` leaves out is told apart from what a row lacks
    if (fields.width(record) !== this.#width) return { fault: otherColumns(fields.width(record), this.#width) };
    const value = this.#current.read(record);
    if (value === null) return { fault: this.#current.fault as RecordFault };
    this.#good.record = value;
    return this.#good;
  }

  /** What the server wrote has no faults but those that a whole chunk or row can be asked about. */
  place(record: number): boolean {
    if (!this.#isUndeclared || this.#index.fields.width(record) !== this.#width) return false;
    if (this.stop(record) - this.start(record) > this.#maxRecordBytes) return false;
    this.#isText ??= isUtf8(this.#bytes);
    if (this.#isText) this.#current.place(record);
    return this.#isText;
  }

  /** A row of another width is left as it is: it becomes a fault. */
  #pick(picked: Int32Array): void {
    const { fields } = this.#index;
    for (let record = 0; record < fields.recordCount; record++) {
      if (fields.width(record) === this.#width) fields.pick(record, picked, this.#width);
    }
  }

  #tooLarge(): RecordFault {
    const message = `the row has more bytes than maxRecordBytes (${this.#maxRecordBytes}); raise it if this is no fault`;
    return { code: "RECORD_TOO_LARGE", message };
  }
}

/** Declared columns are read as in any text; all others as their type says. */
function plansOf(selection: FieldSelection, types: ReadonlyMap<string, string>): readonly FieldPlan[] {
  return planFields(selection, dialect).map((plan, index) => {
    if (Object.hasOwn(selection.columns, plan.name)) return plan;
    const sourceType = types.get(selection.titles[index] as string) ?? "text";
    const { reader, comparison, kind, notation } = valueReader(sourceType);
    return {
      ...plan,
      reader,
      comparison,
      kind,
      notation,
      sourceType,
      readBytes: reader?.readBytes,
      direct: reader === undefined || reader.readBytes !== undefined,
      plain: reader === undefined || reader.plain === anyPlain ? undefined : reader.plain,
      plainBytes: reader?.plainBytes,
    };
  });
}

function otherColumns(found: number, expected: number): RecordFault {
  const message = `the row has ${found} fields, and the source now has ${expected} columns: it was read before they were changed`;
  return { code: "VALUE_INVALID", message };
}
