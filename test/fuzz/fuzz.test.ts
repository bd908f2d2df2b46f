/** Seed after seed for a minute. `SECONDS=600 FIRST=1000000` says for how long and from where; `npm run fuzz` uses all cores. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { scanMachine } from "../../src/formats/csv/scan-machine.ts";
import { usePostgres } from "../support/postgres.ts";
import { fuzz } from "./fuzz.ts";
import { Server } from "./loading.ts";

const seconds = Number(process.env["SECONDS"] ?? 60);
const first = Number(process.env["FIRST"] ?? 1);
/** A machine that does fewer has seen too little. */
const FEWEST = 20;
const SLACK_MS = 300_000;

const postgres = usePostgres();
let server: Server;
beforeAll(async () => {
  server = await Server.connect(postgres.server.url());
});
afterAll(() => server[Symbol.asyncDispose]());

test(
  "All ways through the codecs give the same, and what Postgres takes as text and binary is what went in",
  async () => {
    // without it both scanners would be the same one
    expect(scanMachine()).not.toBeNull();
    const end = performance.now() + seconds * 1_000;
    let seed = first;
    while (performance.now() < end || seed < first + FEWEST) expect(await fuzz(seed++, server)).toEqual([]);
  },
  seconds * 1_000 + SLACK_MS,
);
