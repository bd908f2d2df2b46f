/** What tells one content of a file from another, short enough to be kept for 100,000 files. */
import { hash } from "node:crypto";

/** A file as the file system tells it. */
export interface FileState {
  readonly size: number;
  /** Milliseconds since 1970 with their fraction, to a quarter of a microsecond. */
  readonly mtimeMs: number;
  readonly inode: number;
}

/** Bytes of a mark: among 100,000 files one in three billion new ones is taken for a known one. */
const MARK_BYTES = 6;
const MARK_CHARACTERS = 8;

/** The mark of a file in a state. */
export function markOf(path: string, { size, mtimeMs, inode }: FileState): number {
  return hash("sha256", `${path}\0${size}\0${mtimeMs}\0${inode}`, "buffer").readUIntBE(0, MARK_BYTES);
}

/** Marks as text, 8 characters each. */
export function writeMarks(marks: Iterable<number>): string {
  const sorted = [...marks].toSorted((a, b) => a - b);
  const bytes = Buffer.alloc(sorted.length * MARK_BYTES);
  for (const [index, mark] of sorted.entries()) bytes.writeUIntBE(mark, index * MARK_BYTES, MARK_BYTES);
  return bytes.toString("base64url");
}

/** What {@link writeMarks} wrote. */
export function readMarks(text: string): ReadonlySet<number> {
  const bytes = Buffer.from(text, "base64url");
  const marks = new Set<number>();
  for (let at = 0; at < bytes.length; at += MARK_BYTES) marks.add(bytes.readUIntBE(at, MARK_BYTES));
  return marks;
}

/** Whether text is marks. */
export function isMarks(text: string): boolean {
  return text.length % MARK_CHARACTERS === 0 && /^[\w-]*$/.test(text);
}
