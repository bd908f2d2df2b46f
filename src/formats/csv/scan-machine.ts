/** The scanner of `assembly/`, compiled to WebAssembly: its memory, and the calls into it. It calls nothing itself. */
import { existsSync, readFileSync } from "node:fs";
import type { Border } from "../../core/ports/format.ts";
import { FIELD_WIDTH, RECORD_WIDTH } from "./field-index.ts";
import type { ScanMarks } from "./scan-marks.ts";
import { type ExportedMemory, type ExportedNumber, instantiated } from "./web-assembly.ts";

/** Where a scan begins. */
export interface ScanStart {
  /** In the window. */
  readonly from: number;
  /** Bytes of the window. */
  readonly length: number;
  /** Where the window begins in the chunk. */
  readonly base: number;
  /** Fields and line feeds before. */
  readonly fields: number;
  readonly lines: number;
}

/** What `assembly/index.ts` exports. */
export interface ScanExports {
  readonly memory: ExportedMemory;
  readonly windowBytes: ExportedNumber;
  readonly input: ExportedNumber;
  readonly fields: ExportedNumber;
  readonly records: ExportedNumber;
  readonly halted: ExportedNumber;
  readonly lines: ExportedNumber;
  readonly borderEnd: ExportedNumber;
  readonly borderRecords: ExportedNumber;
  readonly borderLines: ExportedNumber;
  readonly borderMarks: ExportedNumber;
  fieldCount(): number;
  recordCount(): number;
  configure(delimiter: number, quote: number, comment: number, keepBlankLines: boolean, maxRecordBytes: number): void;
  scan(from: number, length: number, base: number, fields: number, lines: number): number;
  beginBorder(): void;
  readBorder(length: number, base: number): boolean;
}

/** The first bytes of a search tell how close its marks stand; whole blocks. */
const SAMPLE_BYTES = 4 * 1024;
/** Bytes from mark to mark from which on the engine's own search for a byte is quicker. */
const SPARSE = 300;

/** One serves all scanners of a thread, in turns: who finds that another has loaded a window loads its own again. */
export class ScanMachine {
  /** Bytes that a window has at most. */
  readonly windowBytes: number;
  readonly #exports: ScanExports;
  readonly #input: Uint8Array;
  #loaded = 0;

  /** @param windowBytes fewer than there is room for are of use to tests only; whole blocks of 64 */
  constructor(exports: ScanExports, windowBytes = exports.windowBytes.value) {
    this.#exports = exports;
    this.windowBytes = windowBytes;
    const { memory, input } = exports;
    this.#input = new Uint8Array(memory.buffer, input.value, windowBytes);
  }

  /** Which window is loaded. */
  get loaded(): number {
    return this.#loaded;
  }

  /** Copies bytes into the window; gives its number. */
  load(bytes: Uint8Array): number {
    this.#input.set(bytes);
    return ++this.#loaded;
  }

  /** Scans the window; gives the offset in it behind the last record that was taken. */
  scan(marks: ScanMarks, { from, length, base, fields, lines }: ScanStart): number {
    this.#configure(marks);
    return this.#exports.scan(from, length, base, fields, lines);
  }

  /** Whether the last scan met something that it does not take; else the window or the room was at its end. */
  get halted(): boolean {
    return this.#exports.halted.value !== 0;
  }

  /** Line feeds before the place that the last scan reached. */
  get lines(): number {
    return this.#exports.lines.value;
  }

  /** The fields that the last scan found. */
  get fields(): Int32Array {
    return this.#found(this.#exports.fields, FIELD_WIDTH * this.#exports.fieldCount());
  }

  /** The records that it found. */
  get records(): Int32Array {
    return this.#found(this.#exports.records, RECORD_WIDTH * this.#exports.recordCount());
  }

  /**
   * The last line end outside quotes in `bytes[begin, end)`, where `begin` is one; the flag says whether that is so of all
   * the bytes. It is not when they are malformed somewhere, or their marks so few that it is quicker to search for each.
   */
  lastBorder(marks: ScanMarks, bytes: Uint8Array, begin: number, end: number): readonly [Border, boolean] {
    const { windowBytes } = this;
    this.#configure(marks);
    this.#exports.beginBorder();
    const { borderEnd, borderRecords, borderLines, borderMarks } = this.#exports;
    let at = begin;
    for (let goesOn = true; at < end && goesOn; ) {
      const length = Math.min(at === begin ? SAMPLE_BYTES : windowBytes, windowBytes, end - at);
      this.load(bytes.subarray(at, at + length));
      goesOn = Boolean(this.#exports.readBorder(length, at)) && borderMarks.value * SPARSE > at + length - begin;
      at = goesOn ? at + length : at;
    }
    return [{ end: borderEnd.value, records: borderRecords.value, lines: borderLines.value }, at >= end];
  }

  #configure({ delimiter, quote, comment, keepBlankLines, maxRecordBytes }: ScanMarks): void {
    this.#exports.configure(delimiter, quote, comment, keepBlankLines, maxRecordBytes);
  }

  #found({ value }: ExportedNumber, length: number): Int32Array {
    return new Int32Array(this.#exports.memory.buffer, value, length);
  }
}

let shared: ScanMachine | null | undefined;

/** The machine of this thread; null where there is no WebAssembly with SIMD, or no compiled scanner beside this file. */
export function scanMachine(): ScanMachine | null {
  if (shared === undefined) shared = makeScanMachine();
  return shared;
}

/** Makes a machine of one's own. */
export function makeScanMachine(windowBytes?: number): ScanMachine | null {
  const file = new URL("./assembly/scan.wasm", import.meta.url);
  if (!existsSync(file)) return null;
  const exports = instantiated(readFileSync(file));
  return exports === null ? null : new ScanMachine(exports as ScanExports, windowBytes);
}
