/** What contenders work with: the input, a server, a folder for their output. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { generateOrders } from "../scripts/generate-orders.ts";
import { root } from "../scripts/steps.ts";
import { EmbeddedPostgres } from "../test/support/embedded-postgres.ts";
import { runChild } from "./child.ts";
import { KafkaGround } from "./kafka-ground.ts";

/** Everything that is made for benchmarks lies here; inputs are kept for the next time. */
const CACHE = path.join(root, ".cache/bench");

/** A bench's surroundings; disposing it ends the server and removes outputs. */
export class Workshop implements AsyncDisposable {
  readonly server: EmbeddedPostgres;
  /** For outputs, job files and state. */
  readonly folder = path.join(CACHE, `run-${process.pid}`);
  #kafka: Promise<KafkaGround> | undefined;

  private constructor(server: EmbeddedPostgres) {
    this.server = server;
    mkdirSync(this.folder, { recursive: true });
  }

  /** Starts a server with the settings that Postgres comes with: it waits for the disk at every commit. */
  static async open(): Promise<Workshop> {
    const server = await EmbeddedPostgres.start({ fsync: true });
    await server.query(readFileSync(path.join(root, "config/tables.sql"), "utf8"));
    return new Workshop(server);
  }

  /** A path for an input that is kept for the next time. */
  cached(name: string): string {
    return path.join(CACHE, name);
  }

  /** The orders as CSV. */
  orders(rows: number): string {
    const file = this.cached(`orders-${rows}.csv`);
    if (!existsSync(file)) generateOrders({ rows, file });
    return file;
  }

  /** The rows that the transform makes of the orders, as COPY text: what a loader gets when all the work is done. */
  async readyRows(rows: number): Promise<string> {
    const file = this.cached(`orders-${rows}.copy`);
    if (existsSync(file)) return file;
    await this.emptyTable();
    await runChild(nodeScript("csv-parse-to-postgres.ts", this.orders(rows), this.server.url()));
    await runChild(nodeScript("dump-table.ts", this.server.url(), file));
    return file;
  }

  /** A broker with so many orders in a topic; the first call makes it. */
  kafka(rows: number): Promise<KafkaGround> {
    return (this.#kafka ??= KafkaGround.start(rows));
  }

  /** Nothing of the run before may weigh on the next one. */
  async emptyTable(): Promise<void> {
    await this.server.query("truncate orders");
    await this.server.query("checkpoint");
  }

  /** Number of rows and the sum of their amounts: equal for everyone who did the work. */
  async tableCheck(): Promise<string> {
    const [row] = await this.server.query(
      "select count(*) as rows, sum(amount) as amount, sum(id::bigint) as ids from orders",
    );
    return `${String(row?.["rows"])} rows, amount ${String(row?.["amount"])}, ids ${String(row?.["ids"])}`;
  }

  /** Writes a file into the folder. */
  write(name: string, text: string): string {
    const file = this.path(name);
    writeFileSync(file, text);
    return file;
  }

  /** A path in the folder. */
  path(name: string): string {
    return path.join(this.folder, name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    rmSync(this.folder, { recursive: true, force: true });
    await (await this.#kafka?.catch(() => undefined))?.[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
  }
}

/** A script of this folder as a command. */
export function nodeScript(script: string, ...args: readonly string[]): { command: string; args: string[] } {
  return { command: process.execPath, args: [path.join(import.meta.dirname, script), ...args] };
}
