/** A contender: rows by a cursor, JSON.stringify, a file. Arguments: the server's url, the query, the file. */
import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { cursorRows } from "./cursor-rows.ts";
import { reportMemory } from "./report-memory.ts";

const [, , url = "", query = "", file = ""] = process.argv;

async function* lines(): AsyncGenerator<string> {
  for await (const rows of cursorRows(url, query)) yield rows.map((row) => `${JSON.stringify(row)}\n`).join("");
}

await pipeline(Readable.from(lines()), createWriteStream(file));
reportMemory();
