/** Finds record borders of JSON lines: every line end is one. */
import type { Border, Splitter } from "../../core/ports/format.ts";
import { behindLine, bufferOf, isBlank } from "../lines.ts";

/** The splitter; it has no state and never errs. */
export const linesSplitter: Splitter = {
  lastBorder(bytes, begin, end, maxRecords = Number.POSITIVE_INFINITY): Border {
    const buffer = bufferOf(bytes);
    let [border, records, lines] = [0, 0, 0];
    for (let from = begin; records < maxRecords; from = border) {
      const next = behindLine(buffer, from, end);
      if (next === 0) break;
      lines++;
      if (!isBlank(buffer, from, next)) records++;
      border = next;
    }
    return { end: border, records, lines };
  },

  nextLine: (bytes, begin, end) => behindLine(bufferOf(bytes), begin, end),
};
