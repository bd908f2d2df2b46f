/** A contender: csv-parse -> JSON.stringify -> file, as one would write it. Arguments: the CSV file, the output. */
import { createReadStream, createWriteStream } from "node:fs";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { parse } from "csv-parse";
import { type OrderRecord, orderRow } from "./order-row.ts";
import { reportMemory } from "./report-memory.ts";

const [, , file = "", output = ""] = process.argv;

const toLines = new Transform({
  writableObjectMode: true,
  transform(record: OrderRecord, _encoding, done) {
    const row = orderRow(record);
    if (row === null) done();
    else done(null, `${JSON.stringify(row)}\n`);
  },
});

await pipeline(createReadStream(file), parse({ columns: true }), toLines, createWriteStream(output));
reportMemory();
