/** The Kafka sink: looks for the topic, says what messages are made of, and opens writers. */
import type { Clock } from "../../core/clock.ts";
import type { EncodeSpec } from "../../core/ports/format.ts";
import type {
  BoundSink,
  SinkConnector,
  SinkContext,
  SinkSession,
  SinkWriter,
  UnfinishedRun,
} from "../../core/ports/sink.ts";
import type { Pruned, Retention } from "../../core/ports/retention.ts";
import { type KafkaConnection, readConnection } from "./client/connection.ts";
import { KafkaJsProducerClient } from "./client/kafkajs/producer-client.ts";
import type { ProducerClient } from "./client/producer-port.ts";
import type { KafkaSinkOptions } from "./options.ts";
import { Ownership } from "./ownership.ts";
import { Partitioner } from "./partitioner.ts";
import { PlainWriter } from "./plain-writer.ts";
import { KafkaPositions } from "./positions.ts";
import { PositionTopic } from "./position-topic.ts";
import { attachedFields } from "./row-messages.ts";
import { RunHistory } from "./run-history.ts";
import { TransactionalWriter } from "./transactional-writer.ts";
import type { UnitSettings } from "./unit.ts";
import { assertWritable } from "./written-compression.ts";

/** The code behind `sink: {type: kafka}`. */
export const kafkaSink: SinkConnector<KafkaSinkOptions> = {
  async resolve(options, context) {
    assertWritable(options.compression, "sink.compression");
    const connection = await readConnection(options, context.baseDir);
    const Sink = isTransactional(options) ? BoundTransactions : BoundKafkaSink;
    const sink = new Sink(options, context, connection);
    await sink.look();
    return sink;
  },
  async positions(options, context) {
    if (!isTransactional(options)) return null;
    const client = clientOf(options, await readConnection(options, context.baseDir), context);
    return new KafkaPositions(client, options.stateTopic, context);
  },
};

/** A topic that was found; its messages are there as soon as they are acknowledged. */
class BoundKafkaSink implements BoundSink {
  readonly label: string;
  readonly encode: EncodeSpec;
  readonly positions: "sink" | "state" = "state";
  readonly resume = "position";
  readonly appends = true;
  readonly keyless = true;
  protected readonly options: KafkaSinkOptions;
  protected readonly context: SinkContext;
  readonly #connection: KafkaConnection;
  #found = "";

  constructor(options: KafkaSinkOptions, context: SinkContext, connection: KafkaConnection) {
    this.label = `kafka ${options.topic}`;
    this.encode = encodeSpec(options, context.name);
    this.options = options;
    this.context = context;
    this.#connection = connection;
  }

  get found(): string {
    return this.#found;
  }

  /** @throws MillraceError TABLE_UNKNOWN, SINK_REFUSED, SINK_UNAVAILABLE */
  async look(): Promise<void> {
    await using client = this.client();
    const partitions = await client.partitionsOf(this.options.topic);
    this.#found = partitions === 1 ? "1 partition" : `${partitions} partitions`;
  }

  async open(session: SinkSession): Promise<SinkWriter> {
    const client = this.client();
    try {
      const unit = unitSettings(this.options, await client.partitionsOf(this.options.topic), this.context.clock);
      return await this.writer(client, unit, session);
    } catch (thrown) {
      await client[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  /** Holds nothing between calls: a job may wait long between check and run. */
  async [Symbol.asyncDispose](): Promise<void> {}

  protected async writer(client: ProducerClient, unit: UnitSettings, _session: SinkSession): Promise<SinkWriter> {
    return new PlainWriter(client, unit);
  }

  protected client(): ProducerClient {
    return clientOf(this.options, this.#connection, this.context);
  }
}

/** The same with transactions: messages are there, for those who ask for committed ones, together with their positions. */
class BoundTransactions extends BoundKafkaSink {
  override readonly positions = "sink";

  unfinished(job: string): Promise<readonly UnfinishedRun[]> {
    return this.#withHistory(job, (history) => history.unfinished());
  }

  abandon(job: string, run: string): Promise<void> {
    return this.#withHistory(job, (history) => history.abandon(run));
  }

  prune(job: string, retention: Retention, isOver: (run: string) => Promise<boolean>): Promise<Pruned> {
    return this.#withHistory(job, (history) => history.prune(retention, isOver));
  }

  protected override async writer(
    client: ProducerClient,
    unit: UnitSettings,
    session: SinkSession,
  ): Promise<SinkWriter> {
    const topic = new PositionTopic(client, this.options.stateTopic, session);
    await topic.ensure();
    const ownership = new Ownership({ client, topic, session, clock: this.context.clock });
    return new TransactionalWriter({ label: `sink "${session.sink}" (${this.label})`, client, ownership, unit });
  }

  async #withHistory<T>(job: string, work: (history: RunHistory) => Promise<T>): Promise<T> {
    await using client = this.client();
    const key = { job, sink: this.context.name };
    return await work(await RunHistory.read(client, this.options.stateTopic, key, this.context.clock));
  }
}

function unitSettings(options: KafkaSinkOptions, partitions: number, clock: Clock): UnitSettings {
  const { topic, batch, format, key, headers } = options;
  const named = Object.entries(headers);
  const constant = named.flatMap(([name, value]) => (typeof value === "string" ? [[name, value] as const] : []));
  return {
    topic,
    partitioner: new Partitioner(partitions),
    limits: { records: batch.records, bytes: batch.bytes, lingerMs: batch.linger },
    clock,
    shape: {
      hasKey: key !== undefined,
      fieldHeaders: named.flatMap(([name, value]) => (typeof value === "string" ? [] : [name])),
      constantHeaders: Object.fromEntries(constant),
      lines: format === "jsonl" || format === "csv",
    },
  };
}

function clientOf(
  { compression }: KafkaSinkOptions,
  connection: KafkaConnection,
  { clock }: SinkContext,
): ProducerClient {
  return new KafkaJsProducerClient({ connection, compression, clock });
}

function isTransactional({ transactional }: KafkaSinkOptions): boolean {
  return transactional !== false;
}

function encodeSpec({ format, columns, key, headers }: KafkaSinkOptions, sink: string): EncodeSpec {
  const attached = attachedFields(key, headers);
  return {
    sink,
    format,
    options: {},
    columns: columns?.map((name) => ({ name })) ?? null,
    needsColumns: format === "csv",
    onUnknownField: "error",
    ...(attached.length > 0 && { attached }),
  };
}
