/** "char": one byte. */
import type { ParsedType } from "./binary-type.ts";

const BACKSLASH = 92;

/** One character of ASCII; the server cuts longer texts off, and takes a backslash for the begin of an octal number. */
export const singleChar: ParsedType = {
  oid: 18,
  read(to, at, from, begin, end) {
    const byte = end - begin === 1 ? from.getUint8(begin) : 0;
    if (byte === 0 || byte > 127 || byte === BACKSLASH) return -1;
    to.setUint8(at, byte);
    return at + 1;
  },
  put: () => -1,
};
