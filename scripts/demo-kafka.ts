/**
 * `npm run demo:kafka`: a producer sends orders into a topic of a real Kafka broker, a job takes them through a transform
 * into a real Postgres, and a line a second says what flows; at the end the table is held against what was sent. Broker,
 * server and their data are gone when it ends, however it ends.
 *
 *     npm run demo:kafka -- [--seconds 20] [--rate 2000]
 */
import { readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import { EXIT } from "../src/cli/exit-codes.ts";
import { listenForSignals } from "../src/cli/signals.ts";
import { wantsColor } from "../src/cli/terminal.ts";
import { textTable } from "../src/cli/text-table.ts";
import { loadJob, MillraceError, type Observer, runJob, type RunSummary } from "../src/index.ts";
import { formatCount, formatSize } from "../src/observability/figures.ts";
import { painter } from "../src/observability/palette.ts";
import { renderHeader } from "../src/observability/run-header.ts";
import { EmbeddedPostgres } from "../test/support/embedded-postgres.ts";
import { startBroker } from "../test/support/kafka/broker.ts";
import type { KafkaBroker } from "../test/support/kafka/cluster.ts";
import { kafkaMissing } from "../test/support/kafka/jars.ts";
import { createTopic } from "../test/support/kafka/topics.ts";
import { LiveFlow } from "./live-flow.ts";
import { produceOrders } from "./order-producer.ts";
import { root } from "./steps.ts";

const TOPIC = "orders";
const PARTITIONS = 4;
const STATE = path.join(root, ".cache/demo/kafka-state");
const LINE_EVERY_MS = 1_000;
/** How long the job may take for what was sent last. */
const CATCH_UP_MS = 30_000;
const LOOK_EVERY_MS = 50;

const paint = painter(wantsColor(process.stdout, process.env));

/** How the demo is asked for. */
interface Wishes {
  readonly seconds: number;
  /** Messages a second. */
  readonly rate: number;
}

async function demo({ seconds, rate }: Wishes, stop: AbortSignal): Promise<boolean> {
  console.log(
    "starting a Kafka broker and a Postgres of their own (the first time Kafka is fetched, in up to a minute)",
  );
  await using server = await EmbeddedPostgres.start({ fsync: true });
  await using broker = await startBroker();
  await server.query(readFileSync(path.join(root, "config/tables.sql"), "utf8"));
  await createTopic(broker.brokers, TOPIC, { partitions: PARTITIONS });
  console.log(`Kafka at ${broker.brokers.join(", ")}, Postgres at 127.0.0.1:${server.port}; Ctrl-C ends it sooner\n`);
  const flow = new LiveFlow();
  await using job = await LiveJob.start(server, broker, flow);
  const enough = AbortSignal.any([stop, job.ended, AbortSignal.timeout(seconds * 1_000)]);
  const onProduced = (count: number): void => void (flow.produced = count);
  const request = { brokers: broker.brokers, topic: TOPIC, partitions: PARTITIONS, rate, signal: enough, onProduced };
  const [, told] = await Promise.all([produceOrders(request), tellFlow(flow, enough)]);
  await caughtUp(flow, job.ended);
  console.log(flow.line(told + 1, paint));
  return await judge(await job.stop(), flow.produced, server);
}

/** The job of config/live-orders.yaml at work; disposing it stops it. */
class LiveJob implements AsyncDisposable {
  /** Aborted when the run is over, whyever. */
  readonly ended: AbortSignal;
  readonly #stop: AbortController;
  readonly #summary: Promise<RunSummary>;

  private constructor(summary: Promise<RunSummary>, stop: AbortController) {
    const ended = new AbortController();
    this.ended = ended.signal;
    this.#stop = stop;
    this.#summary = summary;
    summary.then(
      () => ended.abort(),
      () => ended.abort(),
    );
  }

  /** Resolves when it reads. */
  static async start(server: EmbeddedPostgres, broker: KafkaBroker, flow: LiveFlow): Promise<LiveJob> {
    // what an earlier server held is gone, so its runs are too
    rmSync(STATE, { recursive: true, force: true });
    const environment = { ...process.env, DATABASE_URL: server.url(), KAFKA_BROKERS: broker.brokers.join(",") };
    const job = await loadJob(path.join(root, "config/live-orders.yaml"), { environment });
    const stop = new AbortController();
    const reading = Promise.withResolvers<void>();
    const header: Observer = (event) => {
      if (event.kind === "run-started") console.log(`${renderHeader(event, paint)}\n\n${flow.heading(paint)}`);
      if (event.kind === "share-taken") reading.resolve();
    };
    const observers = [header, flow.observe];
    const summary = runJob(job, { observers, signal: stop.signal, state: path.join(STATE, "state.db") });
    await Promise.race([reading.promise, summary]);
    return new LiveJob(summary, stop);
  }

  /** Finishes what is in flight; the promise rejects where the run could not begin. */
  stop(): Promise<RunSummary> {
    this.#stop.abort();
    return this.#summary;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop().catch(() => {});
  }
}

/** A line a second; gives how many there were. */
async function tellFlow(flow: LiveFlow, signal: AbortSignal): Promise<number> {
  for (let seconds = 1; ; seconds++) {
    await wait(LINE_EVERY_MS, undefined, { signal }).catch(() => {});
    if (signal.aborted) return seconds - 1;
    console.log(flow.line(seconds, paint));
  }
}

async function caughtUp(flow: LiveFlow, jobEnded: AbortSignal): Promise<void> {
  const deadline = performance.now() + CATCH_UP_MS;
  while (flow.lag > 0 && !jobEnded.aborted && performance.now() < deadline) await wait(LOOK_EVERY_MS);
}

/** Whether every order that was sent is in the table or among the rejects, and none is there twice. */
async function judge(summary: RunSummary, produced: number, server: EmbeddedPostgres): Promise<boolean> {
  const { read, written, filtered, rejected, error, peakRssBytes, eventLoopP99Ms } = summary;
  const [found] = await server.query(
    `with sent as (select generate_series(1, $1::int) as id),
          arrived as (select id from orders union all
                      select substring(raw from '"id":(\\d+)')::int from millrace.rejects),
          counted as (select sent.id, count(arrived.id) as times from sent left join arrived using (id) group by sent.id)
     select (select count(*) from orders)::int as rows, (select count(*) from millrace.rejects)::int as rejects,
            count(*) filter (where times = 0)::int as missing, count(*) filter (where times > 1)::int as twice from counted`,
    [produced],
  );
  const { rows, rejects, missing, twice } = found as Record<"rows" | "rejects" | "missing" | "twice", number>;
  const isExact = missing === 0 && twice === 0 && rows === written && rejects === rejected && summary.balanced;
  const verdict = isExact && error === null ? paint("good", "every order once") : paint("bad", "NOT EVERY ORDER ONCE");
  const balance = summary.balanced ? "balanced" : paint("bad", "NOT BALANCED");
  console.log(`
  ledger   ${formatCount(read)} read = ${formatCount(written)} written + ${formatCount(filtered)} filtered + ${formatCount(rejected)} rejected   ${balance}
  table    ${formatCount(produced)} orders sent: ${formatCount(rows)} rows, ${formatCount(rejects)} rejects, ${missing} missing, ${twice} twice   ${verdict}
  cost     peak memory ${formatSize(peakRssBytes)} with the producer in the same process, event loop p99 ${eventLoopP99Ms.toFixed(0)} ms

${await someRejects(server)}

next: edit config/live-orders.yaml or config/orders.ts and run it again · docs/reference.md has every option of a Kafka source`);
  if (error !== null) console.error(`error: ${error.message} (${error.code})`);
  return isExact && error === null;
}

/** What did not arrive is kept with its place and its bytes. */
async function someRejects(server: EmbeddedPostgres): Promise<string> {
  const rows = await server.query(
    `select distinct on (stage, message) split, token, stage, message, raw from millrace.rejects order by stage, message, id limit 3`,
  );
  const cells = rows.map(({ split, token, stage, message, raw }) => [
    String(split),
    String(token),
    String(stage),
    shorten(String(message), 50),
    shorten(String(raw), 60),
  ]);
  return textTable(["partition", "offset", "stage", "rejected as", "the message"], cells, { indent: "  " });
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 3)}...`;
}

function readWishes(): Wishes | undefined {
  try {
    const options = { seconds: { type: "string", default: "20" }, rate: { type: "string", default: "2000" } } as const;
    const { values } = parseArgs({ options });
    const [seconds, rate] = [Number(values.seconds), Number(values.rate)];
    return seconds > 0 && rate > 0 ? { seconds, rate } : undefined;
  } catch {
    return undefined;
  }
}

async function main(): Promise<number> {
  const wishes = readWishes();
  if (wishes === undefined) {
    console.error("usage: npm run demo:kafka -- [--seconds n] [--rate messages-a-second]");
    return EXIT.usage;
  }
  const missing = await kafkaMissing();
  if (missing !== undefined) {
    console.error(`demo:kafka cannot run here: ${missing}`);
    return EXIT.failed;
  }
  using signals = listenForSignals(process, (line) => console.error(line));
  try {
    return (await demo(wishes, signals.graceful)) ? EXIT.done : EXIT.failed;
  } catch (thrown) {
    const error = MillraceError.from(thrown);
    console.error(`error: ${error.message} (${error.code})`);
    return EXIT.failed;
  }
}

process.exitCode = await main();
