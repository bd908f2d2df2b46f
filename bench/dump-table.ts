/** Writes the table as COPY text, for loaders of ready rows. Arguments: the server's url, the file. */
import { createWriteStream } from "node:fs";
import { rename } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { Client } from "pg";
import { to as copyTo } from "pg-copy-streams";

const [, , url = "", file = ""] = process.argv;
const client = new Client({ connectionString: url });
await client.connect();
await pipeline(client.query(copyTo("copy orders to stdout")), createWriteStream(`${file}.part`));
await client.end();
await rename(`${file}.part`, file);
