/** A record that is passed on unread: where its fields lie and what they are, and nothing of what they mean. */

/** Where the fields of the current record lie: two integers each, from `words[at]` on. */
export interface FieldWords {
  readonly words: Int32Array;
  readonly at: number;
  /** Bits of a field's second word that keep its bytes from being copied as they stand. */
  readonly closer: number;
  /** The chunk's bytes. */
  readonly view: DataView;
  /** Bytes of the whole record: the most that its fields have together. */
  readonly size: number;
}

/** A record that nobody has read and that is to be written as it stands. Field i is null where it begins behind its end. */
export interface PlacedFields extends FieldWords {
  readonly notations: readonly FieldNotation[];
  /** The source's own words for the types of its fields; empty for one that has none. */
  readonly types: readonly string[];
  /**
   * The value that `read` would have given the field; from then on the other questions about it can be asked.
   *
   * @throws MillraceError what `read` would have found fault with
   */
  valueOf(index: number): unknown;
}

/**
 * What the text of a field stands for. `text`: itself, whatever it is; `digits`: a whole number; `float`: a number, or a word
 * for what is none (`NaN`); `truth`: `t` or `f`; `other`: only its value can tell. All but the first are to be looked at: the
 * source may have changed since.
 */
export type FieldNotation = "text" | "digits" | "float" | "truth" | "other";
