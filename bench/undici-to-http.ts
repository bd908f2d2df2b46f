/** A contender: undici alone, so many requests in flight, one a line. Arguments: the file of JSON lines, the address, how many. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { Agent } from "undici";
import { MillraceError } from "../src/core/errors.ts";
import { reportMemory } from "./report-memory.ts";

const [, , file = "", address = "", inFlight = "100"] = process.argv;
const { origin, pathname } = new URL(address);

const agent = new Agent({ connections: Number(inFlight) });
const lines = createInterface({ input: createReadStream(file) })[Symbol.asyncIterator]();

/** Takes the next line whenever it is done with one. */
async function lane(): Promise<void> {
  for (let next = await lines.next(); next.done !== true; next = await lines.next()) {
    const headers = { "content-type": "application/json" };
    const { statusCode, body } = await agent.request({
      origin,
      path: pathname,
      method: "POST",
      headers,
      body: next.value,
    });
    await body.dump();
    if (statusCode !== 200) throw new MillraceError("SINK_FAILED", `the service answered ${statusCode}`);
  }
}

await Promise.all(Array.from({ length: Number(inFlight) }, lane));
await agent.close();
reportMemory();
