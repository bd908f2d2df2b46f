/** time: microseconds since midnight, 64 bits. */
import type { ParsedType } from "./binary-type.ts";
import { clockEnd, clockMicros } from "./clock.ts";
import { putWords } from "./integer.ts";

/** Times without a zone. */
export const time: ParsedType = {
  oid: 1083,
  read(to, at, from, begin, end) {
    const isTime = begin < end && clockEnd(from, begin, end) === end;
    return isTime ? putWords(to, at, clockMicros(from, begin, end)) : -1;
  },
  put: () => -1,
};
