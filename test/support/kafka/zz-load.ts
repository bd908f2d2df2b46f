/**
 * Numbered messages on their way into a table or into another topic, by replicas that share them out: at the end every id
 * is there once, every broken message is a reject once, and the books of every partition balance.
 */
import { expect } from "vitest";
import type { Counts } from "../../../src/core/ledger.ts";
import type { EmbeddedPostgres } from "../embedded-postgres.ts";
import { until } from "../until.ts";
import { kafkaClient, withAdmin } from "./client.ts";
import { NumberedTopic, type NumberedTopicOptions } from "./numbered-topic.ts";
import { Replica } from "./replica.ts";
import { createTopic, uniqueName, visitTopic } from "./topics.ts";

/** Where the messages go. */
export type GroupTarget = "table" | "topic";

/** How a load differs from the usual one. */
export interface GroupLoadOptions extends NumberedTopicOptions {
  readonly into?: GroupTarget;
  /** Addresses as the job has them. */
  readonly brokers: readonly string[];
  readonly server: EmbeddedPostgres;
  /** Other keys of the source, and of the job. */
  readonly source?: { readonly [key: string]: unknown };
  readonly job?: { readonly [key: string]: unknown };
}

/** What became of a split's records. */
interface ReadSplit {
  readonly split: string;
  readonly counts: Counts;
}

/** A saved position as `millrace state show --json` has it. */
interface ShownPosition extends ReadSplit {
  readonly position: { readonly ordinal: number; readonly token: string };
}

const LAST_WORDS = 4_000;
const STATE_SCHEMA = "group_state";

/** One load; disposing ends its replicas. */
export class GroupLoad implements AsyncDisposable {
  readonly topic: NumberedTopic;
  /** Of the job, its table and its group. */
  readonly name: string;
  readonly partitions: number;
  readonly #options: GroupLoadOptions;
  /** The topic that is written. */
  readonly #target: string;
  readonly #ended = new DisposableStack();
  readonly #replicas: Replica[] = [];

  private constructor(topic: NumberedTopic, name: string, target: string, options: GroupLoadOptions) {
    this.topic = topic;
    this.name = name;
    this.partitions = options.partitions ?? 1;
    this.#target = target;
    this.#options = options;
  }

  static async create(options: GroupLoadOptions): Promise<GroupLoad> {
    const { brokers, server, into = "table", replicas = 1 } = options;
    const name = `load${crypto.randomUUID().slice(0, 8)}`;
    const topic = await NumberedTopic.create(brokers, options);
    const target =
      into === "topic" ? await createTopic(brokers, uniqueName("target"), { partitions: 3, replicas }) : "";
    if (into === "table") await server.query(`create table ${name} (id int, name text, amount numeric(12, 2))`);
    return new GroupLoad(topic, name, target, options);
  }

  /** A further process; it is not started yet. @param url of Postgres, where something stands between */
  replica(url: string = this.#options.server.url()): Replica {
    const { brokers, into = "table", job = {} } = this.#options;
    const sink =
      into === "table"
        ? { type: "postgres", url, table: this.name }
        : { type: "kafka", brokers, topic: this.#target, stateTopic: `${this.#target}-positions`, key: "id" };
    const read = { type: "kafka", brokers, topics: [this.topic.name], group: this.name, from: "earliest" };
    const replica = new Replica({
      name: this.name,
      source: { ...read, sessionTimeout: "2s", ...this.#options.source },
      trigger: { type: "continuous" },
      commit: { bytes: "256KiB", interval: "50ms" },
      retry: { initialDelay: "50ms", maxDelay: "500ms" },
      sink,
      ...job,
    });
    this.#replicas.push(replica);
    return this.#ended.use(replica);
  }

  /** Starts a replica. Those that write a topic need one state for all of them: their rejects lie there. */
  start(replica: Replica): Replica {
    const state = `${this.#options.server.url()}?stateSchema=${STATE_SCHEMA}`;
    return replica.start(
      this.#options.into === "topic"
        ? { MILLRACE_STATE: state, NODE_OPTIONS: "--require /tmp/kafka-chaos/wire.cjs" }
        : {},
    );
  }

  /** A figure that rises with what is committed. */
  async moved(): Promise<number> {
    if (this.#options.into !== "topic") return total(await this.#rows());
    const ends = await withAdmin(kafkaClient(this.#options.brokers), (admin) => admin.fetchTopicOffsets(this.#target));
    return ends.reduce((sum, { high }) => sum + Number(high), 0);
  }

  /** Waits until more is committed than now. */
  async goesOn(): Promise<void> {
    const before = await this.moved();
    await this.#until("it goes on", async () => (await this.moved()) > before);
  }

  /** Waits until so many messages are worked off, all of them by default. @param replica any */
  async drained(replica: Replica, messages: number = this.topic.sent): Promise<void> {
    const { into } = this.#options;
    await this.#until(`${messages} are worked off`, async () => {
      const rows = into === "topic" ? await this.#positions(replica) : await this.#rows();
      return rows.length === this.partitions && rows.every((row) => row.counts.read >= this.#share(row, messages));
    });
  }

  /** The partitions in which some of the first messages are not in the table yet. */
  async behind(messages: number): Promise<readonly number[]> {
    const rows = await this.#rows();
    const done = rows.filter((row) => row.counts.read >= this.#share(row, messages)).map(partitionOf);
    return Array.from({ length: this.partitions }, (_, partition) => partition).filter((one) => !done.includes(one));
  }

  /** Holds everything to what has to be. */
  async assertExact(replica: Replica): Promise<void> {
    const broken = this.topic.broken.length;
    const good = this.topic.sent - broken;
    expect(await this.#found(), "rows, ids, and their sum").toEqual({ rows: good, ids: good, sum: this.#sumOfGood() });
    expect(await this.#rejects(), "rejects").toEqual(this.topic.broken.map((id) => `{"id":${id},`));
    const positions = await this.#positions(replica);
    expect(positions.map(({ split }) => split)).toHaveLength(this.partitions);
    for (const { split, position, counts } of positions) {
      const { read, written, rejected, filtered } = counts;
      expect([position.ordinal, position.token], split).toEqual([read, String(read)]);
      expect(read, split).toBe(written + rejected + filtered);
    }
    expect(total(positions)).toBe(this.topic.sent);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.dispose();
    await this.topic[Symbol.asyncDispose]();
  }

  /** What the replicas told last says why something does not happen. */
  async #until(what: string, look: () => Promise<boolean>): Promise<void> {
    try {
      await until(what, async () => (await look()) || undefined);
    } catch (thrown) {
      const logs = this.#replicas.map(({ running }, index) => `replica ${index}: ${running.err.slice(-LAST_WORDS)}`);
      throw new TypeError([`${what} (${String(thrown)})`, ...logs].join("\n"), { cause: thrown });
    }
  }

  #sumOfGood(): number {
    const all = (this.topic.sent * (this.topic.sent - 1)) / 2;
    return this.topic.broken.reduce((sum, id) => sum - id, all);
  }

  /** How many of the first messages went into the partition of a split. */
  #share(row: ReadSplit, messages: number): number {
    return Math.ceil((messages - partitionOf(row)) / this.partitions);
  }

  /** What the table's server knows of the partitions. */
  async #rows(): Promise<readonly ReadSplit[]> {
    const [made] = await this.#options.server.query("select to_regclass('millrace.progress') is not null as made");
    if (made?.["made"] !== true) return [];
    const query = "select split, counts from millrace.progress where job = $1";
    return (await this.#options.server.query(query, [this.name])) as readonly object[] as readonly ReadSplit[];
  }

  async #found(): Promise<object> {
    if (this.#options.into !== "topic") {
      const [row] = await this.#options.server.query(
        `select count(*)::int as rows, count(distinct id)::int as ids, sum(id)::float8 as sum from ${this.name}`,
      );
      return { ...row };
    }
    const ids = new Set<number>();
    let [rows, sum] = [0, 0];
    await visitTopic(this.#options.brokers, this.#target, ({ value }) => {
      const { id } = JSON.parse(String(value)) as { id: number };
      rows++;
      sum += id;
      ids.add(id);
    });
    if (rows !== ids.size) {
      const where = new Map<number, string[]>();
      await visitTopic(this.#options.brokers, this.#target, ({ value, partition, offset }) => {
        const { id } = JSON.parse(String(value)) as { id: number };
        where.set(id, [...(where.get(id) ?? []), `${partition}@${offset}`]);
      });
      const fs = await import("node:fs");
      const dup = [...where].filter(([, at]) => at.length > 1);
      fs.writeFileSync(
        "/tmp/kafka-chaos/dup.json",
        JSON.stringify({ target: this.#target, source: this.topic.name, dup }),
      );
      fs.cpSync(
        fs
          .readdirSync("/tmp")
          .filter((f) => f.startsWith("millrace-kafka-"))
          .map((f) => `/tmp/${f}/node-1/data`)
          .find((d) => fs.existsSync(`${d}/${this.#target}-0`)) as string,
        "/tmp/kafka-chaos/data",
        { recursive: true },
      );
      for (const [i, r] of this.#replicas.entries())
        fs.writeFileSync(`/tmp/kafka-chaos/replica-${i}.log`, r.running.err);
    }
    return { rows, ids: ids.size, sum };
  }

  async #rejects(): Promise<readonly unknown[]> {
    const schema = this.#options.into === "topic" ? STATE_SCHEMA : "millrace";
    const rows = await this.#options.server.query(`select raw from ${schema}.rejects where job = $1`, [this.name]);
    return rows.map(({ raw }) => raw).toSorted((a, b) => idOf(a) - idOf(b));
  }

  async #positions({ project, job }: Replica): Promise<readonly ShownPosition[]> {
    const { out, err } = await project.run(["state", "show", job, "--json"]);
    return (out === "" ? expect.fail(err) : JSON.parse(out)) as readonly ShownPosition[];
  }
}

function partitionOf({ split }: ReadSplit): number {
  return Number(split.slice(split.lastIndexOf("-") + 1));
}

function total(positions: readonly ReadSplit[]): number {
  return positions.reduce((sum, { counts }) => sum + counts.read, 0);
}

function idOf(raw: unknown): number {
  return Number(/\d+/.exec(String(raw))?.[0]);
}
