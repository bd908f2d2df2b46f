/** The Postgres sink, held to what every sink has to do. */
import { randomUUID } from "node:crypto";
import { describe, test } from "vitest";
import { z } from "zod";
import { type PostgresSinkOptions, postgresSinkShape } from "../../../src/connectors/postgres/options.ts";
import { postgresSink } from "../../../src/connectors/postgres/sink.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { sinkCases } from "../../../src/spi/conformance/sink-cases.ts";
import { usePostgres } from "../../support/postgres.ts";
import { Proxy } from "../../support/proxy.ts";

const postgres = usePostgres();

/** A table of its own and a schema for its positions, behind a network that can be cut. */
class Target implements AsyncDisposable {
  readonly table: string;
  readonly proxy: Proxy;

  private constructor(table: string, proxy: Proxy) {
    this.table = table;
    this.proxy = proxy;
  }

  static async create(definition: string): Promise<Target> {
    const table = `t${randomUUID().replaceAll("-", "")}`;
    await postgres.server.query(`CREATE TABLE ${table} (${definition})`);
    return new Target(table, await Proxy.listen(postgres.server.port));
  }

  get options(): PostgresSinkOptions {
    const { server } = postgres;
    const url = server.url().replace(`:${server.port}/`, `:${this.proxy.port}/`);
    return z.strictObject(postgresSinkShape).parse({ url, table: this.table, stateSchema: `state_${this.table}` });
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

describe.each([
  ["a table without keys", "id int CHECK (id >= 0), note text, day text", /^/],
  ["a table with a key", "id int PRIMARY KEY CHECK (id >= 0), note text, day text", ABOUT_KEYS],
])("postgres sink into %s", (_, definition, chosen) => {
  const cases = sinkCases<Target>({
    open: () => Target.create(definition),
    bind: ({ options }) =>
      postgresSink.resolve(options, { name: "sink", baseDir: import.meta.dirname, clock: systemClock }),
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
