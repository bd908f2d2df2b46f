/**
 * A contender: inflates one file and compresses another one, with nothing between. Prints its peak memory.
 *
 * Arguments: the compressed input; the plain output; where its compressed form goes.
 */
import { createReadStream, createWriteStream } from "node:fs";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { reportMemory } from "./report-memory.ts";

const [, , input = "", plain = "", output = ""] = process.argv;
const nowhere = new Writable({ write: (_bytes, _encoding, done) => done() });
await Promise.all([
  pipeline(createReadStream(input), createGunzip({ chunkSize: 64 * 1024 }), nowhere),
  pipeline(createReadStream(plain), createGzip({ chunkSize: 64 * 1024 }), createWriteStream(output)),
]);
reportMemory();
