/** Texts are read out of the memory that is being written, a little ahead: so there is one reader for bytes and strings. */
import type { ByteWriter } from "../../../core/ports/byte-writer.ts";
import { putCopy } from "../../put-bytes.ts";
import { type ParsedType, READ_ROOM } from "./binary-type.ts";

/** Longer texts are left to the server; of those read here, only bytea in hexadecimal digits gets so long. */
const MAX_LENGTH = 1 << 20;

/** Writes what the server reads in a text; false when that is not known here. */
export function readText(to: ByteWriter, type: ParsedType, text: string): boolean {
  const { length } = text;
  if (length > MAX_LENGTH) return false;
  const stage = makeRoom(to, length);
  const { bytes } = to;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127) return false;
    bytes[stage + i] = code;
  }
  return readStaged(to, type, stage, length);
}

/** The same for a text that lies in `from[begin, end)`. */
export function readBytes(to: ByteWriter, type: ParsedType, from: Uint8Array, begin: number, end: number): boolean {
  const length = end - begin;
  if (length > MAX_LENGTH) return false;
  const stage = stageBytes(to, from, begin, end);
  return readStaged(to, type, stage, length);
}

/** Copies bytes ahead of what is written, where `to.view` shows them; gives the offset there. */
export function stageBytes(to: ByteWriter, from: Uint8Array, begin: number, end: number): number {
  const stage = makeRoom(to, end - begin);
  const { length } = to;
  to.length = stage;
  putCopy(to, from, begin, end);
  to.length = length;
  return stage;
}

/** Where a text of `length` bytes stands clear of what is read from it. */
function makeRoom(to: ByteWriter, length: number): number {
  to.reserve(2 * length + READ_ROOM);
  return to.length + length + READ_ROOM;
}

function readStaged(to: ByteWriter, type: ParsedType, stage: number, length: number): boolean {
  const { view } = to;
  const behind = type.read(view, to.length, view, stage, stage + length);
  if (behind >= 0) to.length = behind;
  return behind >= 0;
}
