/**
 * `npm run simulate`: many seeds on all cores, or one with its trace.
 *
 * `SEEDS=100000 FIRST=1 npm run simulate` tries so many seeds; `SEED=123 npm run simulate` replays one, line by line. The
 * jobs of seeds from 1,000,001 on have several sinks; those from 3,000,001 on are followed by replays of their rejects; the
 * sources of those from 4,000,001 on are live and shared out among processes; those from 5,000,001 on write to APIs.
 */
import { availableParallelism } from "node:os";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { simulate, type SimulationResult } from "../test/simulation/simulate.ts";

/** Seeds that a worker takes at once. */
const BATCH = 200;

interface Batch {
  readonly first: number;
  readonly seeds: number;
}

function print({ seed, violations }: SimulationResult): void {
  console.error(`\nseed ${seed} (SEED=${seed} npm run simulate)\n  ${violations.join("\n  ")}`);
}

async function replay(seed: number): Promise<void> {
  const result = await simulate(seed, (line) => console.log(line));
  const { violations, steps, processes, simulatedMs } = result;
  console.log(
    `\nseed ${seed}: ${steps} steps, ${processes} processes, ${Math.round(simulatedMs / 1000)} simulated seconds`,
  );
  if (violations.length > 0) print(result);
  process.exitCode = violations.length > 0 ? 1 : 0;
}

/** Gives batches to the workers until all seeds are done; resolves to the number of bad ones. */
async function runAll({ first, seeds }: Batch): Promise<number> {
  let next = first;
  let bad = 0;
  const takeBatch = (): Batch => {
    const batch = { first: next, seeds: Math.min(BATCH, first + seeds - next) };
    next += batch.seeds;
    return batch;
  };
  const runWorker = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL(import.meta.url), { workerData: takeBatch() });
      worker.on("error", reject);
      worker.on("exit", () => resolve());
      worker.on("message", (results: readonly SimulationResult[]) => {
        const failed = results.filter(({ violations }) => violations.length > 0);
        failed.forEach(print);
        bad += failed.length;
        const batch = takeBatch();
        worker.postMessage(batch.seeds > 0 ? batch : null);
      });
    });
  const workers = Math.max(1, Math.min(availableParallelism(), Math.ceil(seeds / BATCH)));
  await Promise.all(Array.from({ length: workers }, runWorker));
  return bad;
}

async function runBatch({ first, seeds }: Batch): Promise<void> {
  const results: SimulationResult[] = [];
  for (let seed = first; seed < first + seeds; seed++) results.push(await simulate(seed));
  parentPort?.postMessage(results);
}

async function work(): Promise<void> {
  parentPort?.on("message", (batch: Batch | null) => (batch === null ? parentPort?.close() : void runBatch(batch)));
  await runBatch(workerData as Batch);
}

async function main(): Promise<void> {
  const { SEED, SEEDS = "1000", FIRST = "1" } = process.env;
  if (SEED !== undefined) return await replay(Number(SEED));
  const begun = performance.now();
  const bad = await runAll({ first: Number(FIRST), seeds: Number(SEEDS) });
  console.log(
    `${SEEDS} seeds from ${FIRST} in ${Math.round((performance.now() - begun) / 1000)} s: ${bad} broke an invariant`,
  );
  process.exitCode = bad > 0 ? 1 : 0;
}

await (isMainThread ? main() : work());
