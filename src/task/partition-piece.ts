/**
 * One `field=value` of a partition's name, as Hive names folders, safe for every file system.
 *
 * Escaped are path separators, what Windows or Hive reserve, control characters, and a dot or blank at the end, as `%` and
 * two hexadecimal digits. The escaping can be undone, so two values never share a name; and since every piece begins with
 * a field's name and `=`, none can be `.` or `..`.
 */
import { MillraceError } from "../core/errors.ts";
import type { PartitionSpec } from "../core/ports/format.ts";
import { valueText } from "../formats/values/write-text.ts";

/** Hive's name for null; a text that reads the same has its first character escaped. */
const NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__";

// What Hive escapes in a partition's name, and `<`, `>` and `|` for Windows. Source: FileUtils.java of Apache Hive.
// oxlint-disable-next-line no-control-regex
const RESERVED = /[\u0000-\u001f"#%'*/:=?\\\u007f{[\]^<>|]/g;

/**
 * The piece of a value.
 *
 * @throws MillraceError VALUE_INVALID when it is too long for a file's name or cannot be text
 */
export function partitionPiece(field: string, value: unknown, { separator, maxBytes }: PartitionSpec): string {
  const text = value === null || value === undefined ? null : wellFormed(valueText(value, field, "portable"), field);
  const piece = `${escaped(field, separator)}=${text === null ? NULL_PARTITION : valuePiece(text, separator)}`;
  const bytes = Buffer.byteLength(piece);
  if (bytes <= maxBytes) return piece;
  throw new MillraceError(
    "VALUE_INVALID",
    `field "${field}": its value is too long for the name of a partition (${bytes} bytes, at most ${maxBytes})`,
  );
}

function valuePiece(text: string, separator: string): string {
  const piece = escaped(text, separator).replace(/[. ]$/, escapeCharacter);
  return piece === NULL_PARTITION ? `${escapeCharacter("_")}${piece.slice(1)}` : piece;
}

function escaped(text: string, separator: string): string {
  const safe = text.replace(RESERVED, escapeCharacter);
  return separator === "/" ? safe : safe.replaceAll(separator, escapeCharacter);
}

function escapeCharacter(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}

/** Names are UTF-8, in which half a surrogate pair would become another character. */
function wellFormed(text: string, field: string): string {
  if (text.isWellFormed()) return text;
  throw new MillraceError(
    "VALUE_INVALID",
    `field "${field}": its value holds half a surrogate pair, which no name can`,
  );
}
