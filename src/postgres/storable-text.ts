/** Text for people as a database can keep it: a message that quotes bad input may hold what no database does. */
import type { Connection } from "./connection.ts";

/** The text without NUL and half surrogate pairs, which Postgres does not store. */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\uFFFD");
}

/** A text as this database can keep it: one that holds fewer characters than the text has gets them spelled. */
export async function storableIn(connection: Connection, text: string): Promise<string> {
  const kept = storable(text);
  return isAscii(kept) || (await hasUnicode(connection)) ? kept : spelled(kept);
}

/** Whether the database holds every character. */
export async function hasUnicode(connection: Connection): Promise<boolean> {
  const { rows } = await connection.query("SHOW server_encoding");
  return rows[0]?.["server_encoding"] === "UTF8";
}

/** The text with every character beyond ASCII as its code point. */
export function spelled(text: string): string {
  return text.replaceAll(/\P{ASCII}/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

/** Whether every database can keep it. */
export function isAscii(text: string): boolean {
  return !/\P{ASCII}/u.test(text);
}
