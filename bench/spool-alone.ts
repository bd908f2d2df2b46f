/** A contender: the state store alone, so many additions to a spool in flight. Arguments: the store, the file of bodies, how many. */
import { readFileSync } from "node:fs";
import { systemClock } from "../src/core/clock.ts";
import { openStateStore } from "../src/state/open.ts";

const [, , store = "", file = "", inFlight = "200"] = process.argv;
const LIMITS = { bytes: Number.MAX_SAFE_INTEGER, entries: Number.MAX_SAFE_INTEGER };

const lines = readFileSync(file, "utf8").trimEnd().split("\n");
await using state = await openStateStore({ type: "sqlite", path: store }, { clock: systemClock, threadAfterMs: 0 });
let next = 0;

async function lane(): Promise<void> {
  while (next < lines.length) {
    const body = Buffer.from(lines[next++] ?? "");
    await state.addToSpool("bench", [{ body, key: null, receivedAt: Date.now() }], LIMITS);
  }
}

const begun = performance.now();
await Promise.all(Array.from({ length: Number(inFlight) }, lane));
console.log(JSON.stringify({ seconds: (performance.now() - begun) / 1_000 }));
