/** A contender: csv-parse -> Transform -> pg-copy-streams, as one would write it. Arguments: the CSV file, the server's url. */
import { createReadStream } from "node:fs";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { parse } from "csv-parse";
import { Client } from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { type OrderRecord, orderRow } from "./order-row.ts";
import { reportMemory } from "./report-memory.ts";

const [, , file = "", url = ""] = process.argv;
const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

function escaped(text: string): string {
  return text.replaceAll(/[\\\t\n\r]/g, (character) => ESCAPES[character] ?? character);
}

const toCopyText = new Transform({
  writableObjectMode: true,
  transform(record: OrderRecord, _encoding, done) {
    const row = orderRow(record);
    if (row === null) return done();
    const { id, customer_id, created_at, country, category, amount, note, email } = row;
    const texts = [country, category, amount, note, email].map(escaped);
    done(null, `${[id, customer_id, created_at.toISOString(), ...texts].join("\t")}\n`);
  },
});

const client = new Client({ connectionString: url });
await client.connect();
await pipeline(
  createReadStream(file),
  parse({ columns: true }),
  toCopyText,
  client.query(copyFrom("copy orders from stdin")),
);
await client.end();
reportMemory();
