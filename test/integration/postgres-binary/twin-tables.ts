/** Two tables of a column, one filled by COPY text and one by COPY binary, and what the server says of every row. */
import { CopyBinaryEncoder } from "../../../src/formats/pg-copy/binary/encode-binary.ts";
import { TextStretch } from "../../../src/formats/pg-copy/binary/text-stretch.ts";
import { CopyTextEncoder } from "../../../src/formats/pg-copy/encode-text.ts";
import { isMillraceError } from "../../../src/core/errors.ts";
import type { Encoder, EncodeSpec, RecordBatch, SourceFields } from "../../../src/core/ports/format.ts";
import { GrowingBytes } from "../../../src/formats/growing-bytes.ts";
import { connect } from "../../../src/postgres/connect.ts";
import { CopyFeed } from "../../../src/postgres/copy-feed.ts";
import type { EmbeddedPostgres } from "../../support/embedded-postgres.ts";
import { noSource } from "../../unit/formats/json-lines.ts";

type Connection = Awaited<ReturnType<typeof connect>>;

const HEADER = Buffer.from("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", "latin1");
const TRAILER = Buffer.from([0xff, 0xff]);

/** A value on its way into the column `v`, from the source's field `v` if there is one. */
export interface Case {
  readonly value: unknown;
  readonly source: SourceFields;
  /** Where it comes from, for what is shown of it. */
  readonly note: string;
}

/** What a case came to. */
interface Encoded {
  readonly bytes: Buffer;
  readonly form: 0 | 1;
  /** Why it cannot be written. */
  readonly fault: string | null;
}

/** Values by themselves. */
export function casesOf(values: readonly unknown[]): Iterable<Case> {
  return values.map((value) => ({ value, source: noSource, note: "" }));
}

/** The values of the field `v` of every record that is well-formed; valid one after the other. */
export function* recordsOf(batch: RecordBatch, note: string): Iterable<Case> {
  for (let record = 0; record < batch.count; record++) {
    const read = batch.read(record);
    if ("record" in read) yield { value: (read.record as Record<string, unknown>)["v"], source: batch.current, note };
  }
}

/** How many rows of either form there were, and rows that are not the same in both. */
export interface Comparison {
  readonly binary: number;
  readonly text: number;
  readonly differences: readonly string[];
}

/** Encodes cases both ways and compares what the server makes of them. */
export class TwinTables implements AsyncDisposable {
  readonly #connection: Connection;
  /** Rows that were refused before, by type, format and value: to find one takes a dozen COPYs. */
  readonly #refused = new Set<string>();

  private constructor(connection: Connection) {
    this.#connection = connection;
  }

  static async open(server: EmbeddedPostgres): Promise<TwinTables> {
    return new TwinTables(await connect({ url: server.url(), applicationName: "twins" }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection[Symbol.asyncDispose]();
  }

  /**
   * @param type of the column as a definition spells it
   * @param known as the encoder is told it
   */
  async compare(cases: Iterable<Case>, type: string, known = type): Promise<Comparison> {
    const spec = specOf(known);
    const encoders = { text: new CopyTextEncoder(spec), binary: new CopyBinaryEncoder(spec, new TextStretch(0)) };
    const pairs: { text: Encoded; binary: Encoded; shown: string }[] = [];
    for (const { value, source, note } of cases) {
      const output = { id: pairs.length, v: value };
      const shown = `${note}${shownOf(value)}`;
      pairs.push({
        text: encoded(encoders.text, output, source),
        binary: encoded(encoders.binary, output, source),
        shown,
      });
    }
    const differences = pairs.flatMap(({ text, binary, shown }) => {
      if (text.fault !== binary.fault) return [`${shown}: text ${text.fault}, binary ${binary.fault}`];
      if (binary.form === 1 && !text.bytes.equals(binary.bytes)) return [`${shown}: another text`];
      return [];
    });
    const binaries = pairs.flatMap(({ binary }, id) => (binary.form === 0 && binary.fault === null ? [id] : []));
    const byText = await this.#load({
      type,
      format: "text",
      rows: binaries.map((id) => ({ id, bytes: pairs[id]!.text.bytes })),
    });
    const byBinary = await this.#load({
      type,
      format: "binary",
      rows: binaries.map((id) => ({ id, bytes: pairs[id]!.binary.bytes })),
    });
    for (const id of binaries) {
      const [expected, found] = [byText.get(id), byBinary.get(id)];
      if (expected !== found) differences.push(`${pairs[id]!.shown}: text ${expected}, binary ${found}`);
    }
    return { binary: binaries.length, text: pairs.length - binaries.length, differences };
  }

  /** What is in a column after each case, by COPY text; `rejected` where nothing is. */
  async shown(cases: readonly Case[], type: string): Promise<readonly string[]> {
    const encoder = new CopyTextEncoder(specOf(type));
    const rows = cases.map(({ value, source }, id) => ({ id, ...encoded(encoder, { id, v: value }, source) }));
    await this.#load({ type, format: "text", rows: rows.filter(({ fault }) => fault === null) });
    const found = await this.#connection.query("SELECT id, v::text AS v FROM twin");
    const texts = new Map(found.rows.map((row) => [row["id"], String(row["v"])]));
    return cases.map((_, id) => texts.get(id) ?? "rejected");
  }

  /** Row by row what the server shows of it, or that it was refused. */
  async #load(load: Load): Promise<ReadonlyMap<number, string>> {
    const { type, rows } = load;
    await this.#connection.query(`DROP TABLE IF EXISTS twin; CREATE UNLOGGED TABLE twin (id int, v ${type})`);
    await this.#copy(
      load,
      rows.filter((row) => !this.#refused.has(keyOf(load, row))),
    );
    const shown = await this.#connection.query("SELECT id, row(v)::text AS shown FROM twin");
    const found = new Map(shown.rows.map((row) => [row["id"] as number, String(row["shown"])]));
    for (const row of rows) if (this.#refused.has(keyOf(load, row))) found.set(row.id, "refused");
    return found;
  }

  /** Copies all rows, or their halves where one of them is refused. */
  async #copy(load: Load, rows: readonly Row[]): Promise<void> {
    if (rows.length === 0) return;
    const all = rows.map(({ bytes }) => bytes);
    try {
      const feed = await CopyFeed.open(this.#connection, `COPY twin FROM STDIN (FORMAT ${load.format})`);
      await feed.write(Buffer.concat(load.format === "text" ? all : [HEADER, ...all, TRAILER]));
      await feed.finish();
    } catch {
      const half = rows.length >> 1;
      if (half === 0) {
        this.#refused.add(keyOf(load, rows[0] as Row));
        return;
      }
      await this.#copy(load, rows.slice(0, half));
      await this.#copy(load, rows.slice(half));
    }
  }
}

/** A row with the id before its value. */
interface Row {
  readonly id: number;
  readonly bytes: Buffer;
}

interface Load {
  readonly type: string;
  readonly format: "text" | "binary";
  readonly rows: readonly Row[];
}

/** Rows of the same value have the same key. */
function keyOf({ type, format }: Load, { bytes }: Row): string {
  const id = format === "text" ? bytes.indexOf("\t") : 10;
  return `${type} ${format} ${bytes.toString("latin1", id)}`;
}

function specOf(type: string): EncodeSpec {
  const columns = [
    { name: "id", type: "int4" },
    { name: "v", type },
  ];
  return { sink: "sink", format: "", options: {}, columns, needsColumns: true, onUnknownField: "error" };
}

function encoded(encoder: Encoder, output: object, source: SourceFields): Encoded {
  const to = new GrowingBytes(new SharedArrayBuffer(0));
  try {
    encoder.encode(output, source, to);
  } catch (thrown) {
    if (!isMillraceError(thrown)) throw thrown;
    return { bytes: Buffer.alloc(0), form: encoder.form ?? 1, fault: `${thrown.code}: ${thrown.message}` };
  }
  return { bytes: Buffer.from(to.bytes.subarray(0, to.length)), form: encoder.form ?? 1, fault: null };
}

function shownOf(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value).slice(0, 100);
  if (value instanceof Date) return `Date ${value.getTime()}`;
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString("hex")}`;
  if (typeof value !== "object" || value === null)
    return `${typeof value} ${String(value)}${Object.is(value, -0) ? " (-0)" : ""}`;
  return JSON.stringify(value, (_, item: unknown) => (typeof item === "bigint" ? `${item}n` : item)).slice(0, 100);
}
