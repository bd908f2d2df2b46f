/** The door of the module. The compiler does not take `.ts` in `export ... from`. */
import { beginBorder, borderEnd, borderLines, borderMarks, borderRecords, readBorder } from "./border.ts";
import { configure } from "./marks.ts";
import { fields, input, records, windowBytes } from "./memory.ts";
import { fieldCount, lines, recordCount } from "./record.ts";
import { halted, scan } from "./scan.ts";

export { configure, fields, input, records, windowBytes };
export { fieldCount, halted, lines, recordCount, scan };
export { beginBorder, borderEnd, borderLines, borderMarks, borderRecords, readBorder };
