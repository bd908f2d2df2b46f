/**
 * Numbered messages on their way into a table or into another topic, by replicas that share them out: at the end every id
 * is there once, every broken message is a reject once, and the books of every partition balance.
 */
import { expect } from "vitest";
import type { Counts } from "../../../src/core/ledger.ts";
import type { EmbeddedPostgres } from "../embedded-postgres.ts";
import { until } from "../until.ts";
import { kafkaClient, withAdmin } from "./client.ts";
import { isBroken, NumberedTopic } from "./numbered-topic.ts";
import { Replica } from "./replica.ts";
import { createTopic, type TopicOptions, uniqueName, visitTopic } from "./topics.ts";

/** Where the messages go. */
export type GroupTarget = "table" | "topic";

/** How a load differs from the usual one. */
export interface GroupLoadOptions extends TopicOptions {
  readonly into?: GroupTarget;
  /** Addresses as the job has them. */
  readonly brokers: readonly string[];
  readonly server: EmbeddedPostgres;
  /** Other keys of the source, and of the job. */
  readonly source?: { readonly [key: string]: unknown };
  readonly job?: { readonly [key: string]: unknown };
}

/** A saved position as `millrace state show --json` has it. */
interface ShownPosition {
  readonly split: string;
  readonly position: { readonly ordinal: number; readonly token: string };
  readonly counts: Counts;
}

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
  readonly #replicas = new DisposableStack();

  private constructor(topic: NumberedTopic, name: string, target: string, options: GroupLoadOptions) {
    this.topic = topic;
    this.name = name;
    this.partitions = options.partitions ?? 1;
    this.#target = target;
    this.#options = options;
  }

  static async create(options: GroupLoadOptions): Promise<GroupLoad> {
    const { brokers, server, into = "table", partitions = 1, replicas = 1 } = options;
    const name = `load${crypto.randomUUID().slice(0, 8)}`;
    const topic = await NumberedTopic.create(brokers, { partitions, replicas });
    const target = into === "topic" ? await createTopic(brokers, uniqueName("target"), { partitions: 3, replicas }) : "";
    if (into === "table") await server.query(`create table ${name} (id int, name text, amount numeric(12, 2))`);
    return new GroupLoad(topic, name, target, options);
  }

  /** A further process; it is not started yet. @param source other keys of its source */
  replica(source: { readonly [key: string]: unknown } = {}): Replica {
    const { brokers, server, into = "table", job = {} } = this.#options;
    const sink =
      into === "table"
        ? { type: "postgres", url: server.url(), table: this.name }
        : { type: "kafka", brokers, topic: this.#target, stateTopic: `${this.#target}-positions`, key: "id" };
    const read = { type: "kafka", brokers, topics: [this.topic.name], group: this.name, from: "earliest" };
    return this.#replicas.use(
      new Replica({
        name: this.name,
        source: { ...read, sessionTimeout: "2s", ...this.#options.source, ...source },
        trigger: { type: "continuous" },
        commit: { bytes: "256KiB", interval: "50ms" },
        retry: { initialDelay: "50ms", maxDelay: "500ms" },
        sink,
        ...job,
      }),
    );
  }

  /** Replicas at work, where those of a topic need one state for all of them: their rejects lie there. */
  start(replica: Replica): Replica {
    const state = `${this.#options.server.url()}?stateSchema=${STATE_SCHEMA}`;
    return replica.start(this.#options.into === "topic" ? { MILLRACE_STATE: state } : {});
  }

  /** A figure that rises with what is committed. */
  async moved(): Promise<number> {
    if (this.#options.into !== "topic") return (await this.#table()).read;
    const ends = await withAdmin(kafkaClient(this.#options.brokers), (admin) => admin.fetchTopicOffsets(this.#target));
    return ends.reduce((sum, { high }) => sum + Number(high), 0);
  }

  /** Waits until more is committed than now. */
  async goesOn(): Promise<void> {
    const before = await this.moved();
    await until("it goes on", async () => (await this.moved()) > before || undefined);
  }

  /** Waits until every message is worked off. @param replica any */
  async drained(replica: Replica): Promise<void> {
    const { into } = this.#options;
    await until(`all ${this.topic.sent} are worked off`, async () => {
      const read = into === "topic" ? total(await this.#positions(replica)) : (await this.#table()).read;
      return read >= this.topic.sent || undefined;
    });
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
    this.#replicas.dispose();
    await this.topic[Symbol.asyncDispose]();
  }

  #sumOfGood(): number {
    const all = (this.topic.sent * (this.topic.sent - 1)) / 2;
    return this.topic.broken.reduce((sum, id) => sum - id, all);
  }

  async #table(): Promise<{ readonly read: number }> {
    const [made] = await this.#options.server.query("select to_regclass('millrace.progress') is not null as made");
    if (made?.["made"] !== true) return { read: 0 };
    const [row] = await this.#options.server.query(
      "select coalesce(sum((counts ->> 'read')::int), 0)::int as read from millrace.progress where job = $1",
      [this.name],
    );
    return { read: Number(row?.["read"]) };
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
      expect(isBroken(id)).toBe(false);
      rows++;
      sum += id;
      ids.add(id);
    });
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

function total(positions: readonly ShownPosition[]): number {
  return positions.reduce((sum, { counts }) => sum + counts.read, 0);
}

function idOf(raw: unknown): number {
  return Number(/\d+/.exec(String(raw))?.[0]);
}
