/** Runs by the thousand through one daemon, as fast as they go, and what it holds on the way. */
import { MillraceError } from "../src/core/errors.ts";
import type { DaemonFigures, DaemonProcess } from "./daemon-process.ts";

/** What the daemon held after so many runs. */
export interface RunsSample extends DaemonFigures {
  readonly runs: number;
}

/** Samples that are taken. */
const SAMPLES = 10;
/** The first runs load what is loaded once, and threads that come and go leave holes in memory that later ones fill. */
const WARM_UP = 300;

/**
 * Runs each of `jobs` again and again, one after the other in its own lane.
 *
 * @returns a sample before and after each tenth of the runs
 * @throws MillraceError INVARIANT when a run does not succeed
 */
export async function manyRuns(
  daemon: DaemonProcess,
  jobs: readonly string[],
  runs: number,
  tell: (sample: RunsSample) => void,
): Promise<readonly RunsSample[]> {
  await using ends = await RunEnds.listen(daemon.url);
  await runAll(daemon, jobs, WARM_UP, ends);
  const samples: RunsSample[] = [];
  for (let done = 0; ; done += Math.ceil(runs / SAMPLES)) {
    const sample = { runs: done, ...(await daemon.figures(true)) };
    samples.push(sample);
    tell(sample);
    if (done >= runs) return samples;
    await runAll(daemon, jobs, Math.ceil(runs / SAMPLES), ends);
  }
}

async function runAll(daemon: DaemonProcess, jobs: readonly string[], runs: number, ends: RunEnds): Promise<void> {
  let left = runs;
  const lane = async (job: string): Promise<void> => {
    while (left-- > 0) await ends.of(await begun(daemon.url, job));
  };
  await Promise.all(jobs.map(lane));
}

/** The run before it may still hold the lease for a moment. */
async function begun(url: string, job: string): Promise<string> {
  for (;;) {
    const reply = await fetch(`${url}/api/jobs/${job}/run`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    });
    const body = (await reply.json()) as { readonly run?: string; readonly code?: string };
    if (body.run !== undefined) return body.run;
    if (body.code !== "LEASE_HELD") throw new MillraceError("INVARIANT", `${job}: ${JSON.stringify(body)}`);
  }
}

/** Hears from the daemon's stream of events which runs have ended. */
class RunEnds implements AsyncDisposable {
  readonly #ended = new Map<string, PromiseWithResolvers<void>>();
  readonly #stop = new AbortController();

  static async listen(url: string): Promise<RunEnds> {
    const ends = new RunEnds();
    const { body } = await fetch(`${url}/api/events?kind=run-ended`, { signal: ends.#stop.signal });
    if (body === null) throw new MillraceError("INVARIANT", "the stream of events is empty");
    void ends.#read(body.pipeThrough(new TextDecoderStream())).catch(() => {});
    return ends;
  }

  async of(run: string): Promise<void> {
    await this.#entry(run).promise;
    this.#ended.delete(run);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
  }

  async #read(chunks: AsyncIterable<string>): Promise<void> {
    let rest = "";
    for await (const chunk of chunks) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line.startsWith("data:")) this.#take(JSON.parse(line.slice(5)));
    }
  }

  #take({ run, state }: { readonly run: string; readonly state: string }): void {
    const { resolve, reject } = this.#entry(run);
    if (state === "succeeded") resolve();
    else reject(new MillraceError("INVARIANT", `run ${run} has ${state}`));
  }

  #entry(run: string): PromiseWithResolvers<void> {
    const entry = this.#ended.get(run) ?? Promise.withResolvers<void>();
    this.#ended.set(run, entry);
    return entry;
  }
}

/** Growth per unit of x: the slope of the line through the points by least squares. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [xMean, yMean] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const covariance = points.reduce((sum, [x, y]) => sum + (x - xMean) * (y - yMean), 0);
  return covariance / points.reduce((sum, [x]) => sum + (x - xMean) ** 2, 0);
}
