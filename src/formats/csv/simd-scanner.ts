/**
 * Builds the structural index with the scanner in WebAssembly, which takes most records of most files, and with the plain
 * scanner where that one halts. The index is the same as the plain scanner's alone.
 */
import type { Dialect } from "./dialect.ts";
import type { FieldIndex } from "./field-index.ts";
import { IndexScanner } from "./index-scanner.ts";
import type { Halt, RecordScanner, ScanRange } from "./record-scanner.ts";
import type { ScanMachine } from "./scan-machine.ts";
import type { ScanMarks } from "./scan-marks.ts";

/** A scan that takes fewer records costs more than it saves. */
const FEW = 8;
/** Records that the plain scanner takes at a time, at most, while scans come to little. */
const LONGEST_TURN = 1024;

/** What a {@link SimdScanner} is made of. */
export interface SimdScannerParts {
  readonly dialect: Dialect;
  /** The same for the machine. */
  readonly marks: ScanMarks;
  readonly index: FieldIndex;
  readonly machine: ScanMachine;
}

/** Bytes of the chunk that lie in the machine. */
interface Window {
  readonly number: number;
  readonly begin: number;
  readonly end: number;
}

const NO_WINDOW: Window = { number: -1, begin: 0, end: 0 };

/** The scanner of large files in a simple dialect. */
export class SimdScanner implements RecordScanner {
  readonly #plain: IndexScanner;
  readonly #index: FieldIndex;
  readonly #machine: ScanMachine;
  readonly #marks: ScanMarks;
  #window = NO_WINDOW;
  /** Records that are still the plain scanner's. */
  #turn = 0;
  #turnLength = 1;
  /** Records in the index when its last turn ended. */
  #turnEnd = 0;

  constructor({ dialect, marks, index, machine }: SimdScannerParts) {
    this.#plain = new IndexScanner(dialect, marks.maxRecordBytes, index);
    this.#index = index;
    this.#machine = machine;
    this.#marks = marks;
  }

  get halt(): Halt {
    return this.#plain.halt;
  }

  get lines(): number {
    return this.#plain.lines;
  }

  set lines(lines: number) {
    this.#plain.lines = lines;
  }

  restart(): void {
    this.#plain.restart();
    this.#window = NO_WINDOW;
    this.#turnEnd = 0;
  }

  scan(range: ScanRange, most = Number.POSITIVE_INFINITY): number {
    if (most !== Number.POSITIVE_INFINITY) return this.#plain.scan(range, most);
    this.halt.kind = "none";
    let at = range.begin;
    while (at < range.end && this.halt.kind === "none") {
      if (this.#turn > 0) {
        at = this.#takePlainly(range, at);
      } else {
        const reached = this.#take(range, at);
        if (reached === at || this.#machine.halted) this.#beginTurn();
        at = reached;
      }
    }
    return at;
  }

  scanOne(range: ScanRange): number {
    return this.#plain.scanOne(range);
  }

  /** From here on records are the plain scanner's: one, or the more of them the less the machine came to before. */
  #beginTurn(): void {
    const taken = this.#index.recordCount - this.#turnEnd;
    this.#turnLength = taken < FEW ? Math.min(2 * this.#turnLength, LONGEST_TURN) : 1;
    this.#turn = this.#turnLength;
  }

  /** Takes records of the plain scanner's turn; one at which it halts counts, too. */
  #takePlainly(range: ScanRange, at: number): number {
    const before = this.#index.recordCount;
    const reached = this.#plain.scan(at === range.begin ? range : { ...range, begin: at }, this.#turn);
    const taken = this.#index.recordCount - before;
    this.#turn -= this.halt.kind === "none" ? taken : Math.min(this.#turn, taken + 1);
    this.#turnEnd = this.#index.recordCount;
    return reached;
  }

  /** Takes records by the machine; the offset behind them. */
  #take({ bytes, end }: ScanRange, at: number): number {
    const machine = this.#machine;
    const window = this.#windowAt(bytes, at, end);
    const reached = machine.scan(this.#marks, {
      from: at - window.begin,
      length: window.end - window.begin,
      base: window.begin,
      fields: this.#index.fieldCount,
      lines: this.lines,
    });
    this.#index.append(machine.fields, machine.records);
    this.lines = machine.lines;
    // where it did not halt there is nothing more in this window
    if (!machine.halted) this.#window = NO_WINDOW;
    return window.begin + reached;
  }

  #windowAt(bytes: Uint8Array, at: number, end: number): Window {
    const { number, begin, end: loadedEnd } = this.#window;
    if (number === this.#machine.loaded && at >= begin && at < loadedEnd && loadedEnd <= end) return this.#window;
    const stop = Math.min(end, at + this.#machine.windowBytes);
    this.#window = { number: this.#machine.load(bytes.subarray(at, stop)), begin: at, end: stop };
    return this.#window;
  }
}
