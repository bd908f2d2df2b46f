/** The jobs of a night: each run reads the same few records. */
import { defineJob } from "../../../src/config/define-job.ts";
import type { Job } from "../../../src/config/job.ts";
import { sleep } from "../../../src/core/clock.ts";
import type { SinkUse } from "../../../src/core/ports/connector.ts";
import type { SinkWriter } from "../../../src/core/ports/sink.ts";
import { MemorySink } from "../../../src/testing/memory-sink.ts";
import { MemorySource } from "../../../src/testing/memory-source.ts";
import { wrapped } from "../../../src/testing/wrapped.ts";
import type { NightWorld } from "./night-world.ts";

/** Records of a run, in chunks that are committed one by one. */
export const RECORDS = 12;
const CHUNK = 5;
/** The job whose records cannot all be read. */
export const POISONED = "poisoned";

/** The job that comes after another one. */
export const FOLLOWING = "following";
export const FOLLOWED = "fold";

/** What differs between nights. */
export interface NightRules {
  readonly catchUp: "latest" | "skip" | "all";
  readonly overlap: "skip" | "bufferOne" | "bufferAll" | "cancelOther" | "allow";
  readonly onFailure: "resume" | "newRun";
  readonly dstFold: "first" | "second" | "both";
  readonly jitter: string;
}

const good = Array.from({ length: RECORDS }, (_, n) => `${n}\n`);
const records = new MemorySource({ "records.jsonl": good.join("") });
const poisoned = new MemorySource({ "records.jsonl": good.toSpliced(CHUNK + 1, 0, "{ no record\n").join("") });

/**
 * The jobs of one process.
 *
 * @param step taken before and after every commit; throws when the process has died
 */
export function nightJobs(rules: NightRules, world: NightWorld, step: () => Promise<void>): readonly Job[] {
  const timezone = "Europe/Berlin";
  const sink = tableOf(world, step);
  const all = { ...rules, timezone };
  const triggers = {
    often: { type: "cron", schedule: "*/10 * * * *", ...all },
    [FOLLOWED]: { type: "cron", schedule: "5,35 2 * * *", ...all, catchUp: "all", overlap: "bufferAll" },
    // An interval counts from 1970, and so has no summer time.
    steady: { type: "interval", every: "25m", ...all },
    [FOLLOWING]: { type: "after", job: FOLLOWED },
    [POISONED]: { type: "cron", schedule: "*/30 * * * *", ...all },
  } as const;
  return Object.entries(triggers).map(([name, trigger]) =>
    defineJob({
      ...{ name, trigger, sink, source: name === POISONED ? poisoned : records },
      chunk: { records: CHUNK },
      commit: { bytes: 1 },
      errors: { maxRejects: 0 },
      retry: { for: "2m" },
    }),
  );
}

/** A table that takes its time, and at whose commits the process may die. */
function tableOf(world: NightWorld, step: () => Promise<void>): SinkUse {
  const { module } = new MemorySink();
  return {
    type: "module",
    options: {},
    module: {
      ...module,
      resolve: async (options, context) => {
        const bound = await module.resolve(options, context);
        return wrapped(bound, {
          open: async (session) => {
            const table = await world.tableOf(session.run).module.resolve(options, context);
            return mortal(await table.open(session), world, { step, signal: session.signal });
          },
        });
      },
    },
  };
}

function mortal(
  writer: SinkWriter,
  world: NightWorld,
  { step, signal }: { readonly step: () => Promise<void>; readonly signal: AbortSignal },
): SinkWriter {
  return wrapped(writer, {
    begin: async (mode, columns) => {
      const unit = await writer.begin(mode, columns);
      return wrapped(unit, {
        commit: async (advances, rejects) => {
          await sleep(world.clock, world.random() * world.chances.commitMs, signal);
          await step();
          const committed = await unit.commit(advances, rejects);
          await step();
          return committed;
        },
      });
    },
  });
}
