/** Remembers a header: the files of one job mostly begin with the same line, and reading it costs more than comparing. */
import type { Header } from "../../core/ports/format.ts";

/** The header of the file before. */
export class HeaderMemory {
  #bytes: Buffer | null = null;
  #header: Header | null = null;

  /** The header of a file that begins with the same bytes; undefined when it does not. */
  find(start: Uint8Array): Header | undefined {
    if (this.#bytes === null || this.#header === null) return undefined;
    const { byteLength } = this.#bytes;
    return this.#bytes.equals(start.subarray(0, byteLength)) ? this.#header : undefined;
  }

  /** Keeps a header that ends with a line, so that nothing behind it had a say. */
  keep(start: Uint8Array, header: Header): void {
    if (header.lines === 0) return;
    this.#bytes = Buffer.from(start.subarray(0, header.dataOffset));
    this.#header = header;
  }
}
