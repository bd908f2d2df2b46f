/** Finds the borders of a JSON array's elements. */
import type { Border, Splitter } from "../../core/ports/format.ts";
import { behindLine, bufferOf, lineFeeds } from "../lines.ts";
import { ElementScanner } from "./element-scanner.ts";

/** The splitter; what it says of an array is what the decoder will find. */
export function arraySplitter(): Splitter {
  const scanner = new ElementScanner();
  return {
    lastBorder(bytes, begin, end, maxRecords = Number.POSITIVE_INFINITY): Border {
      let [border, records] = [0, 0];
      let seen = 0;
      for (let at = begin; records < maxRecords; at = scanner.next) {
        const kind = scanner.scan(bytes, at, end, false);
        // something is left behind every border, so that the decoder always sees how the array ends
        if ((kind !== "comma" && kind !== "broken") || scanner.next === end) break;
        seen++;
        // the end of a broken element is told by the line end behind it, which the decoder has to see too
        if (kind === "broken") continue;
        border = scanner.next;
        records = seen;
      }
      return { end: border, records, lines: border === 0 ? 0 : lineFeeds(bufferOf(bytes), begin, border) };
    },

    nextLine: (bytes, begin, end) => behindLine(bufferOf(bytes), begin, end),
  };
}
