/** Finds record borders of JSON lines: every line end is one. */
import type { Border, Splitter } from "../../core/ports/format.ts";
import { bufferOf, isBlank, LF } from "../lines.ts";

/** The splitter; it has no state and never errs. */
export const linesSplitter: Splitter = {
  lastBorder(bytes, begin, end, maxRecords = Number.POSITIVE_INFINITY): Border {
    const buffer = bufferOf(bytes);
    let [border, records, lines] = [0, 0, 0];
    for (let from = begin; records < maxRecords; from = border) {
      const feed = buffer.indexOf(LF, from);
      if (feed === -1 || feed >= end) break;
      lines++;
      if (!isBlank(buffer, from, feed)) records++;
      border = feed + 1;
    }
    return { end: border, records, lines };
  },

  nextLine(bytes, begin, end) {
    const feed = bufferOf(bytes).indexOf(LF, begin);
    return feed === -1 || feed >= end ? 0 : feed + 1;
  },
};
