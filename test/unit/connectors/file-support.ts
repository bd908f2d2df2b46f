/** What the tests of the file connector share: a folder of their own and a format small enough to see through. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { codecByName } from "../../../src/compression/catalog.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { MillraceError } from "../../../src/core/errors.ts";
import type { DecodeSpec, Encoder, Format } from "../../../src/core/ports/format.ts";
import type { SinkContext } from "../../../src/core/ports/sink.ts";
import type { SourceContext } from "../../../src/core/ports/source.ts";

/** A folder that is removed when it is disposed. */
export class Folder implements Disposable {
  readonly path = mkdtempSync(path.join(os.tmpdir(), "millrace-file-"));

  at(...names: string[]): string {
    return path.join(this.path, ...names);
  }

  /** Writes a file, makes its folders too. */
  write(name: string, content: string | Uint8Array = ""): string {
    const file = this.at(name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
    return file;
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

function unused(): never {
  throw new MillraceError("INVARIANT", "the file connector has no use for this");
}

/** A header line of names with commas between; heads of sinks likewise. */
export const plainFormat: Format = {
  name: "csv",
  readHeader(bytes, final) {
    const text = new TextDecoder().decode(bytes);
    const end = text.indexOf("\n");
    if (end < 0 && !final) return null;
    const fields = text.slice(0, end < 0 ? text.length : end).split(",");
    if (new Set(fields).size < fields.length)
      throw new MillraceError("HEADER_INVALID", "the header names a column twice");
    return { fields, dataOffset: end < 0 ? bytes.byteLength : end + 1, lines: end < 0 ? 0 : 1 };
  },
  splitter: unused,
  decoder: unused,
  encoder: ({ columns }): Encoder => ({
    head: Buffer.from(`${columns?.map(({ name }) => name).join(",")}\n`),
    encode: unused,
  }),
};

/** A format without headers. */
export const bareFormat: Format = { ...plainFormat, name: "jsonl", readHeader: () => ({ dataOffset: 0, lines: 0 }) };

type SourceChange = Partial<Pick<SourceContext, "format"> & Pick<DecodeSpec, "columns" | "maxRecordBytes">>;

/** A source's context in a folder. */
export function sourceContext(baseDir: string, change: SourceChange = {}): SourceContext {
  const { columns = {}, maxRecordBytes = 1024 ** 2, format = plainFormat } = change;
  return {
    baseDir,
    clock: systemClock,
    format,
    codec: codecByName,
    decode: { format: format.name, options: {}, columns, maxRecordBytes },
  };
}

/** A sink's context in a folder. */
export function sinkContext(baseDir: string): SinkContext {
  return { name: "sink", baseDir, clock: systemClock, format: () => plainFormat };
}
