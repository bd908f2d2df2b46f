/** The name of the table that a run of mode replace loads. */
import { hash } from "node:crypto";

/** What the server keeps of a name, bytes. */
const LONGEST_NAME = 63;
const HASH_DIGITS = 16;

/**
 * `<table>__<run>`; where that is too long, as much of the table's name as there is room for and a hash of both.
 *
 * @example
 * loadingName("orders", "r1"); // "orders__r1"
 */
export function loadingName(table: string, run: string): string {
  const name = `${table}__${run}`;
  if (Buffer.byteLength(name) <= LONGEST_NAME) return name;
  const digits = hash("sha256", name).slice(0, HASH_DIGITS);
  return `${shortened(table, LONGEST_NAME - HASH_DIGITS - 2)}__${digits}`;
}

/** Whole characters of a text, so many bytes at the most. */
function shortened(text: string, bytes: number): string {
  let kept = "";
  for (const character of text) {
    if (Buffer.byteLength(kept + character) > bytes) break;
    kept += character;
  }
  return kept;
}
