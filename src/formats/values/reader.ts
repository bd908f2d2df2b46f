/** What reads a declared column; the families of types (numbers, dates, ...) each make theirs. */

/** What a reader gives for a text or JSON value that is none of its type. */
export const INVALID: unique symbol = Symbol("invalid");

/** What {@link ColumnReader.readBytes} gives when the value is the text itself. */
export const TEXT: unique symbol = Symbol("text");

/** Reads the values of one declared column. */
export interface ColumnReader {
  /** The value that `text` stands for, or {@link INVALID}. Blanks around it are not ignored. */
  read(text: string): unknown;
  /**
   * What `read` gives for the ASCII text in `bytes[begin, end)`, or {@link TEXT} for that very text. Only types that are
   * read faster from bytes than from a string have it: the string need not be made, and its characters cost more to reach.
   */
  readonly readBytes?: (bytes: Buffer, begin: number, end: number) => unknown;
  /**
   * The value that a JSON value of this field stands for, or {@link INVALID}; a string is read like text. Never called
   * with null.
   *
   * @param digits the number as it stands in the source; needed where {@link exact} is set, because the double that
   *   JSON.parse makes of it has lost digits
   */
  readJson(value: unknown, digits?: string): unknown;
  /** For messages: "a whole number", "a date yyyy-MM-dd". */
  readonly expected: string;
  /** Whether a JSON number has to be read from its digits. */
  readonly exact: boolean;
  /**
   * Whether a text that was read may be handed to any sink as it stands, because every sink takes it for the same value:
   * canonical notation of numbers, ISO dates, ISO timestamps with an explicit zone.
   */
  readonly plain: (text: string) => boolean;
  /** The same for the text in `bytes[begin, end)` that `readBytes` read; may say false where {@link plain} says true. */
  readonly plainBytes?: (bytes: Uint8Array, begin: number, end: number) => boolean;
}

/** {@link ColumnReader.plain} of types all of whose texts are. */
export const anyPlain = (): boolean => true;
