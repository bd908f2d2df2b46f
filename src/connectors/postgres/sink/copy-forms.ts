/** In which form of COPY a sink's rows go: binary where every output column has a type that is written so, else text. */
import { MillraceError } from "../../../core/errors.ts";
import type { SinkContext } from "../../../core/ports/sink.ts";
import type { TableColumn } from "../../../postgres/catalogue.ts";
import type { PostgresSinkOptions } from "../options.ts";

/** The format whose form 0 is COPY's binary one, and form 1 its text. */
const BINARY_FORMAT = "pg-copy-binary";

/** What a job's options make of it. */
export class CopyForms {
  /** Whether rows may be binary: then those of form 0 are. */
  readonly binary: boolean;
  /** The format of the rows. */
  readonly format: "pg-copy" | typeof BINARY_FORMAT;
  readonly #mode: PostgresSinkOptions["mode"];
  readonly #isDemanded: boolean;
  readonly #writes: (type: string) => boolean;

  /** @param formatByName absent where only text is at hand */
  constructor({ mode, copy }: PostgresSinkOptions, formatByName: SinkContext["format"]) {
    this.#mode = mode;
    this.#isDemanded = copy === "binary";
    this.binary = mode !== "insert" && copy !== "text" && formatByName !== undefined;
    this.format = this.binary ? BINARY_FORMAT : "pg-copy";
    const format = this.binary ? formatByName?.(BINARY_FORMAT) : undefined;
    this.#writes = (type) => format?.writes?.(type) === true;
  }

  /**
   * Holds `copy: binary` against the output columns.
   *
   * @param label names the sink and its table, for messages
   * @throws MillraceError CONFIG_INVALID naming a column that goes by text alone, and its type
   */
  assertWritten(columns: readonly TableColumn[], label: string): void {
    const column = this.#isDemanded ? this.#unwritten(columns) : undefined;
    if (column === undefined) return;
    throw new MillraceError(
      "CONFIG_INVALID",
      `${label}: copy: binary: ${shown(column)} goes by text alone; set copy: auto, with which all rows are text, or leave the column out`,
      { details: { column: column.name } },
    );
  }

  /**
   * For people: `COPY binary`.
   *
   * @param columns the output columns, or those that they may be
   */
  shown(columns: readonly TableColumn[], areSettled: boolean): string {
    if (this.#mode === "insert") return "INSERT";
    if (!this.binary) return "COPY text";
    const column = this.#unwritten(columns);
    if (column === undefined) return "COPY binary";
    return areSettled ? `COPY text, because of ${shown(column)}` : `COPY binary, or text with ${shown(column)}`;
  }

  /** The first column that keeps rows from being binary. */
  #unwritten(columns: readonly TableColumn[]): TableColumn | undefined {
    return columns.find(({ type }) => !this.#writes(type));
  }
}

function shown({ name, type }: TableColumn): string {
  return `column "${name}" of type ${type}`;
}
