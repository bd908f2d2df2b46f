/** Stands in for `psql \copy` where there is none: ready COPY text through one pg-copy-streams write stream. Arguments: the file, the server's url. */
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { Client } from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { reportMemory } from "./report-memory.ts";

const [, , file = "", url = ""] = process.argv;
const client = new Client({ connectionString: url });
await client.connect();
await pipeline(
  createReadStream(file, { highWaterMark: 1024 * 1024 }),
  client.query(copyFrom("copy orders from stdin")),
);
await client.end();
reportMemory();
