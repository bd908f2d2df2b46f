/** Posts every line of a file, so many in flight, and says how long that took and each answer. Arguments: the file, the address, how many. */
import { readFileSync } from "node:fs";
import { Agent } from "undici";
import { MillraceError } from "../src/core/errors.ts";

const [, , file = "", address = "", inFlight = "200"] = process.argv;
const { origin, pathname } = new URL(address);
const HEADERS = { "content-type": "application/json" };
const ACCEPTED = 202;

const lines = readFileSync(file, "utf8").trimEnd().split("\n");
const agent = new Agent({ connections: Number(inFlight) });
const waits = new Float64Array(lines.length);
let next = 0;

async function lane(): Promise<void> {
  while (next < lines.length) {
    const number = next++;
    const sent = performance.now();
    const post = { origin, path: pathname, method: "POST", headers: HEADERS, body: lines[number] ?? "" } as const;
    const { statusCode, body } = await agent.request(post);
    await body.dump();
    waits[number] = performance.now() - sent;
    if (statusCode !== ACCEPTED) throw new MillraceError("SINK_FAILED", `${address} answered ${statusCode}`);
  }
}

const begun = performance.now();
await Promise.all(Array.from({ length: Number(inFlight) }, lane));
const seconds = (performance.now() - begun) / 1_000;
const p99Ms = waits.toSorted()[Math.floor(waits.length * 0.99)];
await agent.close();
console.log(JSON.stringify({ seconds, p99Ms }));
