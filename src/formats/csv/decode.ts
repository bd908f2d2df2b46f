/** Decodes chunks of CSV: index, verdicts, records. */
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
import { selectionFrom } from "../field-selection.ts";
import { bufferOf, lineFeeds } from "../lines.ts";
import { sameNames } from "../output-fields.ts";
import { CurrentRecord } from "./current-record.ts";
import type { Dialect } from "./dialect.ts";
import { FieldIndex, OFFSET } from "./field-index.ts";
import { planFields } from "./field-plan.ts";
import { judge, judgeFramed, type Verdict } from "./judge.ts";
import type { RecordScanner } from "./record-scanner.ts";
import { scanMachine } from "./scan-machine.ts";
import { scannerOf } from "./scanners.ts";

/** What a decoder is made of. */
export interface CsvDecoderParts {
  readonly dialect: Dialect;
  readonly fields: Pick<DecodeSpec, "columns" | "select" | "rename">;
  readonly maxRecordBytes: number;
  /** As a DecodeSpec has it. */
  readonly generateAfter?: number;
}

/** How the records of one header are read. */
interface HeaderReader {
  readonly header: readonly string[];
  readonly picked: Int32Array | null;
  readonly current: CurrentRecord;
}

/** A CSV decoder; one serves chunks of any header. */
export class CsvDecoder implements Decoder {
  readonly #parts: CsvDecoderParts;
  readonly #index = new FieldIndex();
  readonly #scanner: RecordScanner;
  #reader: HeaderReader | undefined;
  #faults: RecordFault[] = [];

  constructor(parts: CsvDecoderParts) {
    this.#parts = parts;
    this.#scanner = scannerOf(parts.dialect, parts.maxRecordBytes, this.#index, scanMachine());
  }

  /** @throws MillraceError INVARIANT for a chunk without field names or of more than 256 MiB */
  decode(request: DecodeRequest): RecordBatch {
    const bytes = bufferOf(request.bytes);
    if (bytes.length > OFFSET) {
      throw new MillraceError("INVARIANT", `a CSV chunk of ${bytes.length} bytes: expected at most ${OFFSET}`);
    }
    const { header, picked, current } = this.#readerFor(request.fields);
    this.#index.clear();
    this.#scanner.restart();
    this.#faults = [];
    const { ends } = request;
    const end = ends === undefined ? this.#scan(bytes, request, header) : this.#scanFramed(bytes, ends, header);
    if (picked !== null) this.#pick(picked, header.length);
    current.reset(bytes);
    return new CsvBatch({ index: this.#index, faults: this.#faults, current, end, lines: this.#scanner.lines });
  }

  /** The reader of this header's records; headers rarely change, so the last one is kept. */
  #readerFor(fields: readonly string[] | undefined): HeaderReader {
    const { dialect } = this.#parts;
    const names = fields ?? (typeof dialect.header === "boolean" ? undefined : dialect.header);
    if (names === undefined) throw new MillraceError("INVARIANT", "a CSV chunk came without the names of its fields");
    const last = this.#reader;
    if (last !== undefined && sameNames(last.header, names)) return last;
    const header = [...names];
    const selection = selectionFrom(header, this.#parts.fields);
    const current = new CurrentRecord({
      plans: planFields(selection, dialect),
      headerWidth: header.length,
      dialect,
      index: this.#index,
      generateAfter: this.#parts.generateAfter,
    });
    this.#reader = { header, picked: selection.picked, current };
    return this.#reader;
  }

  /** Records of another width are left as they are: they become faults, or are padded here. */
  #pick(picked: Int32Array, headerWidth: number): void {
    const { padRagged } = this.#parts.dialect;
    for (let record = 0; record < this.#index.recordCount; record++) {
      const width = this.#index.width(record);
      if (width === headerWidth || (padRagged && width >= 0 && width < headerWidth)) {
        this.#index.pick(record, picked, headerWidth);
      }
    }
  }

  #scan(bytes: Buffer, { final, truncated }: DecodeRequest, names: readonly string[]): number {
    const { maxRecordBytes } = this.#parts;
    const { length } = bytes;
    let at = 0;
    for (;;) {
      at = this.#scanner.scan({ bytes, begin: at, end: length, closed: final });
      if (at === length) return at;
      const { lines } = this.#scanner;
      const verdict = judge(this.#scanner, {
        bytes,
        start: at,
        final,
        truncated,
        first: at === 0,
        maxRecordBytes,
        names,
      });
      if (verdict === null) return at;
      this.#scanner.lines = lines + lineFeeds(bytes, at, verdict.next);
      if (verdict.fault !== undefined) this.#addFault(at, lines, verdict, verdict.fault);
      at = verdict.next;
    }
  }

  #scanFramed(bytes: Buffer, ends: Int32Array, names: readonly string[]): number {
    let start = 0;
    for (const end of ends) {
      const { lines } = this.#scanner;
      if (this.#scanner.scanOne({ bytes, begin: start, end, closed: true }) !== end) {
        const { maxRecordBytes } = this.#parts;
        const verdict = judgeFramed(this.#scanner.halt, { start, end, maxRecordBytes, names });
        this.#scanner.lines = lines + lineFeeds(bytes, start, end);
        if (verdict.fault !== undefined) this.#addFault(start, lines, verdict, verdict.fault);
      }
      start = end;
    }
    return start;
  }

  #addFault(start: number, line: number, verdict: Verdict, fault: RecordFault): void {
    this.#index.addFault(start, verdict.stop, this.#faults.length, line);
    this.#faults.push(fault);
  }
}

interface BatchParts {
  readonly index: FieldIndex;
  readonly faults: readonly RecordFault[];
  readonly current: CurrentRecord;
  readonly end: number;
  readonly lines: number;
}

/** The records of one chunk; what `read` gives is used again by the next `read`. */
class CsvBatch implements RecordBatch {
  readonly end: number;
  readonly lines: number;
  readonly count: number;
  readonly #index: FieldIndex;
  readonly #faults: readonly RecordFault[];
  readonly #current: CurrentRecord;
  readonly #good: { record: DataRecord } = { record: {} };
  readonly #bad: { fault: RecordFault } = { fault: { code: "INVARIANT", message: "" } };

  constructor({ index, faults, current, end, lines }: BatchParts) {
    this.end = end;
    this.lines = lines;
    this.count = index.recordCount;
    this.#index = index;
    this.#faults = faults;
    this.#current = current;
  }

  get current(): SourceFields {
    return this.#current;
  }

  start(record: number): number {
    return this.#index.start(record);
  }

  stop(record: number): number {
    return this.#index.stop(record);
  }

  line(record: number): number {
    return this.#index.line(record);
  }

  read(record: number): { readonly record: DataRecord } | { readonly fault: RecordFault } {
    const malformed = this.#index.width(record) < 0;
    const value = malformed ? null : this.#current.read(record);
    if (value !== null) {
      this.#good.record = value;
      return this.#good;
    }
    const fault = malformed ? this.#faults[this.#index.firstField(record)] : this.#current.fault;
    if (fault === null || fault === undefined) throw new MillraceError("INVARIANT", `record ${record} has no fault`);
    this.#bad.fault = fault;
    return this.#bad;
  }
}
