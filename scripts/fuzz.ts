/**
 * `npm run fuzz`: random jobs and data on all cores, with a Postgres of its own, for ten minutes.
 *
 * `SECONDS=60 FIRST=1 npm run fuzz` says for how long and from which seed on; `SEED=123 npm run fuzz` tries one.
 */
import { availableParallelism } from "node:os";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { type Finding, fuzz } from "../test/fuzz/fuzz.ts";
import { Server } from "../test/fuzz/loading.ts";
import { EmbeddedPostgres } from "../test/support/embedded-postgres.ts";
import { compileAssembly, isAssemblyStale } from "./assembly.ts";

/** What a worker is to do. */
interface Share {
  readonly url: string;
  readonly first: number;
  /** From one seed to the next; the others are other workers'. */
  readonly step: number;
  readonly seconds: number;
}

/** What a worker tells: a finding, or at its end how many seeds it has tried. */
type Told = Finding | { readonly tried: number };

/** Nobody reads more. */
const MOST_FINDINGS = 20;

function print({ seed, what }: Finding): void {
  console.error(`\nseed ${seed} (SEED=${seed} npm run fuzz)\n    ${what}`);
}

/** Resolves to the number of seeds tried. */
function runWorker(share: Share, onFinding: (finding: Finding) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    let tried = 0;
    const worker = new Worker(new URL(import.meta.url), { workerData: share });
    worker.on("message", (told: Told) => ("tried" in told ? (tried = told.tried) : onFinding(told)));
    worker.on("error", reject);
    worker.on("exit", () => resolve(tried));
  });
}

async function work({ url, first, step, seconds }: Share): Promise<void> {
  await using server = await Server.connect(url);
  const end = performance.now() + seconds * 1_000;
  let [tried, found] = [0, 0];
  for (let seed = first; performance.now() < end && found < MOST_FINDINGS; seed += step, tried++) {
    const findings = await fuzz(seed, server);
    for (const finding of findings) parentPort?.postMessage(finding satisfies Told);
    found += findings.length;
  }
  parentPort?.postMessage({ tried } satisfies Told);
}

async function tryOne(seed: number, url: string): Promise<number> {
  await using server = await Server.connect(url);
  const findings = await fuzz(seed, server);
  findings.forEach(print);
  return findings.length;
}

async function tryMany(url: string): Promise<number> {
  const { SECONDS = "600", FIRST = String(Math.floor(Date.now() / 1_000)) } = process.env;
  const [seconds, first, step] = [Number(SECONDS), Number(FIRST), availableParallelism()];
  let found = 0;
  const onFinding = (finding: Finding): void => {
    found++;
    print(finding);
  };
  const shares = Array.from({ length: step }, (_, i) => ({ url, first: first + i, step, seconds }));
  const tried = await Promise.all(shares.map((share) => runWorker(share, onFinding)));
  const seeds = tried.reduce((sum, count) => sum + count, 0);
  console.log(`${seeds} seeds from ${first} on in ${seconds} s: ${found} findings`);
  return found;
}

async function main(): Promise<void> {
  if (isAssemblyStale() && compileAssembly() !== 0) return void (process.exitCode = 1);
  await using postgres = await EmbeddedPostgres.start();
  const { SEED } = process.env;
  const found = SEED === undefined ? await tryMany(postgres.url()) : await tryOne(Number(SEED), postgres.url());
  process.exitCode = found > 0 ? 1 : 0;
}

await (isMainThread ? main() : work(workerData as Share));
