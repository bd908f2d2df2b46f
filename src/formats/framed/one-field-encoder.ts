/** Writes records of one field as that field alone, for sinks that know where a row ends without a line end. */
import { MillraceError } from "../../core/errors.ts";
import type { ByteWriter } from "../../core/ports/byte-writer.ts";
import type { Encoder, EncodeSpec } from "../../core/ports/format.ts";
import { fieldsOf } from "../output-fields.ts";
import { putCopy, putUtf8 } from "../put-bytes.ts";
import { unwritable } from "../values/json-text.ts";
import { valueText } from "../values/write-text.ts";

/** The counterpart of the decoder of one field. */
export class OneFieldEncoder implements Encoder {
  readonly head = new Uint8Array();
  readonly #field: string;
  readonly #others: readonly string[];
  readonly #ignoreUnknown: boolean;

  constructor(field: string, { attached = [], onUnknownField }: EncodeSpec) {
    this.#field = field;
    this.#others = attached;
    this.#ignoreUnknown = onUnknownField === "ignore";
  }

  /** @throws MillraceError NOT_AN_OBJECT, FIELD_UNKNOWN, VALUE_NULL, VALUE_INVALID */
  encode(output: unknown, _source: unknown, to: ByteWriter): void {
    const fields = fieldsOf(output);
    if (!this.#ignoreUnknown) for (const name in fields) this.#assertKnown(name, fields[name]);
    const value = Object.hasOwn(fields, this.#field) ? fields[this.#field] : null;
    if (value === null || value === undefined) {
      throw new MillraceError("VALUE_NULL", `field "${this.#field}" is null: it is all that is written`);
    }
    if (value instanceof Uint8Array) return putCopy(to, value, 0, value.length);
    const text = valueText(value, this.#field, "portable");
    if (!text.isWellFormed()) throw unwritable(this.#field, "the text holds half a surrogate pair");
    putUtf8(to, text);
  }

  #assertKnown(name: string, value: unknown): void {
    if (name === this.#field || value === undefined || this.#others.includes(name)) return;
    throw new MillraceError("FIELD_UNKNOWN", `field "${name}" is not written: this sink writes "${this.#field}" alone`);
  }
}
