/**
 * Rows for COPY .. FROM STDIN in its binary format, without the file's header and trailer: the number of fields, then each
 * with its length before it. A row with a value that only the server can read is written as COPY text instead.
 *
 * Source: PostgreSQL documentation, COPY, "Binary Format".
 */
import { MillraceError } from "../../../core/errors.ts";
import type { ByteWriter } from "../../../core/ports/byte-writer.ts";
import type { Encoder, EncodeSpec, RowForm, SourceFields } from "../../../core/ports/format.ts";
import type { PlacedFields } from "../../../core/ports/placed-fields.ts";
import type { RowFormat } from "../../generated/row-code.ts";
import { type PassPlan, RowPassers } from "../../generated/row-passers.ts";
import { RowWriters } from "../../generated/row-writers.ts";
import { declaredColumns, fieldsOf, type OutputColumns, type OutputFields } from "../../output-fields.ts";
import { columnKind } from "../column-kind.ts";
import { CopyTextEncoder } from "../encode-text.ts";
import type { BinaryColumn } from "./binary-type.ts";
import { putField } from "./field.ts";
import { binaryPassFormat, isPassed } from "./pass-format.ts";
import { binaryRowFormat } from "./row-format.ts";
import { TextStretch } from "./text-stretch.ts";
import { binaryType } from "./types.ts";

const BINARY = 0;
const TEXT = 1;
/** Bytes of the number of fields. */
const COUNT = 2;

/** Encodes outputs as rows of either form; `form` says which one the last row has. */
export class CopyBinaryEncoder implements Encoder {
  readonly head = new Uint8Array(0);
  form: RowForm = BINARY;
  readonly #columns: OutputColumns;
  /** Null where a column has a type that only the server can write: then all rows are text. */
  readonly #targets: readonly BinaryColumn[] | null;
  readonly #rows = new RowWriters();
  readonly #passers = new RowPassers();
  readonly #text: CopyTextEncoder;
  readonly #stretch: TextStretch;

  constructor(spec: EncodeSpec, stretch: TextStretch = new TextStretch()) {
    this.#columns = declaredColumns(spec);
    this.#targets = binaryColumns(spec);
    this.#text = new CopyTextEncoder(spec);
    this.#stretch = stretch;
  }

  encode(output: unknown, source: SourceFields, to: ByteWriter): void {
    const fields = fieldsOf(output);
    const targets = this.#targets;
    if (targets !== null && !this.#stretch.covers()) {
      const begin = to.length;
      this.form = BINARY;
      if (this.#rows.write(fields, source, to)) return;
      to.length = begin;
      if (this.#putRow(fields, targets, source, to)) return;
      to.length = begin;
      this.#stretch.begin();
    }
    this.form = TEXT;
    this.#text.encode(output, source, to);
  }

  pass(source: SourceFields, to: ByteWriter): boolean {
    // whether a stretch of text has come to its end is for `encode` to find
    if (this.#targets === null || this.form === TEXT || this.#stretch.covers()) return false;
    return this.#passers.pass(source, to, this.#passPlan);
  }

  readonly #passPlan = (source: SourceFields, placed: PlacedFields): PassPlan | null => {
    const targets = this.#targets ?? [];
    const fields = targets.map(({ name }) => source.indexOf(name));
    const isWhole = source.names.every((name) => targets.some((target) => target.name === name));
    if (
      !isWhole ||
      !targets.every((target, i) => (fields[i] as number) < 0 || isPassed(placed, fields[i] as number, target))
    )
      return null;
    return {
      fields,
      format: binaryPassFormat(targets, (to, i, from) => {
        const field = fields[i] as number;
        const value = from.placed?.valueOf(field);
        if (!putField(to, value, targets[i] as BinaryColumn, from, field)) throw onlyAsText(targets[i] as BinaryColumn);
      }),
    };
  };

  /** The plain way. */
  #putRow(fields: OutputFields, targets: readonly BinaryColumn[], source: SourceFields, to: ByteWriter): boolean {
    this.#columns.take(fields);
    const { values } = this.#columns;
    const indexes = this.#columns.sourceIndexes(source);
    to.reserve(COUNT);
    to.view.setInt16(to.length, targets.length);
    to.length += COUNT;
    for (let i = 0; i < targets.length; i++) {
      if (!putField(to, values[i], targets[i] as BinaryColumn, source, indexes[i] as number)) return false;
    }
    this.#rows.learn(this.#columns, source, () => this.#rowFormat(targets));
    return true;
  }

  #rowFormat(targets: readonly BinaryColumn[]): RowFormat {
    return binaryRowFormat(targets, (to, column, value, source) => {
      const index = this.#columns.sourceIndexes(source)[column] as number;
      return putField(to, value, targets[column] as BinaryColumn, source, index);
    });
  }
}

/** Told to nobody: the row is read, and written again in its other form. */
function onlyAsText({ name }: BinaryColumn): MillraceError {
  return new MillraceError("VALUE_INVALID", `column "${name}": the value has no binary form here`);
}

function binaryColumns({ columns }: EncodeSpec): readonly BinaryColumn[] | null {
  const found = (columns ?? []).flatMap(({ name, type }) => {
    const known = binaryType(type);
    return known === undefined ? [] : [{ name, kind: columnKind(type), type: known }];
  });
  return found.length === columns?.length ? found : null;
}
