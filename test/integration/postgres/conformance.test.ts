/** The Postgres sink, held to what every sink has to do. */
import { randomUUID } from "node:crypto";
import { describe, test } from "vitest";
import { z } from "zod";
import { type PostgresSinkOptions, postgresSinkShape } from "../../../src/connectors/postgres/options.ts";
import { postgresSink } from "../../../src/connectors/postgres/sink/sink.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { formatByName } from "../../../src/formats/catalog.ts";
import { sinkCases } from "../../../src/spi/conformance/sink-cases.ts";
import { usePostgres } from "../../support/postgres.ts";
import { Proxy } from "../../support/proxy.ts";

const postgres = usePostgres();

/** How rows go in. */
type Way = Partial<Pick<PostgresSinkOptions, "mode" | "copy">>;

/** A table of its own and a schema for its positions, behind a network that can be cut. */
class Target implements AsyncDisposable {
  readonly table: string;
  readonly #way: Way;
  readonly proxy: Proxy;

  private constructor(table: string, way: Way, proxy: Proxy) {
    this.table = table;
    this.#way = way;
    this.proxy = proxy;
  }

  static async create(definition: string, way: Way): Promise<Target> {
    const table = `t${randomUUID().replaceAll("-", "")}`;
    await postgres.server.query(`CREATE TABLE ${table} (${definition})`);
    return new Target(table, way, await Proxy.listen(postgres.server.port));
  }

  get options(): PostgresSinkOptions {
    const { server } = postgres;
    const url = server.url().replace(`:${server.port}/`, `:${this.proxy.port}/`);
    const { table } = this;
    return z.strictObject(postgresSinkShape).parse({ ...this.#way, url, table, stateSchema: `state_${table}` });
  }

  async seen(): Promise<readonly number[]> {
    const rows = await postgres.server.query(`SELECT id FROM ${this.table}`);
    return rows.map((row) => Number((row as { id: number }).id));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.proxy[Symbol.asyncDispose]();
  }
}

/** What a key changes: one lane instead of two, and rows that are refused for those that are there already. */
const ABOUT_KEYS = /fenced|refused|reply|two units/;

const KEYLESS = "id int CHECK (id >= 0), note text, day text";
const KEYED = "id int PRIMARY KEY CHECK (id >= 0), note text, day text";

describe.each<[string, string, RegExp, Way]>([
  ["append into a table without keys", KEYLESS, /^/, { copy: "binary" }],
  ["append of text", KEYLESS, ABOUT_KEYS, { copy: "text" }],
  ["append into a table with a key", KEYED, ABOUT_KEYS, {}],
  ["upsert", KEYED, /^/, { mode: "upsert" }],
  ["insertIgnore", KEYED, ABOUT_KEYS, { mode: "insertIgnore" }],
  ["insert", KEYLESS, ABOUT_KEYS, { mode: "insert" }],
  ["replace", KEYED, /^/, { mode: "replace" }],
])("postgres sink, %s", (_, definition, chosen, way) => {
  const cases = sinkCases<Target>({
    open: () => Target.create(definition, way),
    bind: ({ options }) =>
      postgresSink.resolve(options, {
        name: "sink",
        baseDir: import.meta.dirname,
        clock: systemClock,
        format: formatByName,
      }),
    record: (number) => ({ id: number, note: `note ${number}`, day: `d${number % 2}` }),
    refused: () => ({ id: -1, note: "refused", day: "d0" }),
    seen: (target) => target.seen(),
    loseReply: ({ proxy }) => {
      proxy.judge = (bytes) => {
        if (!bytes.includes("COMMIT")) return "pass";
        proxy.judge = () => "pass";
        return "cut-after";
      };
    },
  });
  for (const { name, run } of cases.filter((one) => chosen.test(one.name))) test(name, run);
});
