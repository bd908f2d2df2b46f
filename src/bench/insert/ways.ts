/** The ways to get rows into a table, each as a program would go it. */
import { InsertLoad } from "../../connectors/postgres/sink/modes/insert-load.ts";
import type { RowFeed } from "../../connectors/postgres/sink/modes/load.ts";
import { insertHead } from "../../connectors/postgres/sink/modes/merge-statements.ts";
import { readTextRows } from "../../connectors/postgres/sink/modes/text-rows.ts";
import type { RowForm } from "../../core/ports/format.ts";
import type { RowSlice } from "../../core/row-forms.ts";
import type { TableColumn } from "../../postgres/catalogue.ts";
import type { Connection } from "../../postgres/connection.ts";
import type { TableName } from "../../postgres/identifiers.ts";
import { RowCopies } from "../../postgres/row-copies.ts";

/** In the order in which they are explained. */
export const WAYS = ["single INSERT", "pipelined INSERT", "VALUES", "unnest", "COPY text", "COPY binary"] as const;

/** What a way is called. */
export type WayName = (typeof WAYS)[number];

/** Rows on their way, inside one transaction. */
export interface WayFeed {
  /** Hands over rows; resolves to how many it took, which are all until `isOver`. Throws what the driver throws. */
  take(rows: RowSlice, isOver: () => boolean): Promise<number>;
  /** Throws what the driver throws. */
  finish(): Promise<void>;
}

/** One way into one table. */
export interface Way {
  readonly name: WayName;
  /** Whether it takes a session that sends statements before the answers to those before them. */
  readonly pipelined: boolean;
  /** @param form of the first rows */
  open(connection: Connection, form: RowForm): Promise<WayFeed>;
}

/** Statements that are sent before the first of their answers is waited for. */
const IN_FLIGHT = 500;
/** Rows of one statement, unless they have too many values. */
const ROWS_OF_VALUES = 1_000;
/** What the protocol counts the values of a statement with. */
const MOST_VALUES = 65_535;

/** The way of this name into a table of these columns. */
export function wayInto(name: WayName, into: TableName, columns: readonly TableColumn[]): Way {
  return { name, pipelined: name === "pipelined INSERT", open: opener(name, into, columns) };
}

function opener(name: WayName, into: TableName, columns: readonly TableColumn[]): Way["open"] {
  const head = insertHead(into, columns);
  const width = columns.length;
  switch (name) {
    case "single INSERT":
      return async (connection) => inserting(connection, { head, width, rows: 1, inFlight: 1 });
    case "pipelined INSERT":
      return async (connection) => inserting(connection, { head, width, rows: 1, inFlight: IN_FLIGHT });
    case "VALUES": {
      const rows = Math.min(ROWS_OF_VALUES, Math.floor(MOST_VALUES / width));
      return async (connection) => inserting(connection, { head, width, rows, inFlight: 1 });
    }
    case "unnest":
      return async (connection) => whole(await new InsertLoad(into, columns).open(connection));
    case "COPY text":
    case "COPY binary": {
      const target = { into, columns: columns.map((column) => column.name), binary: name === "COPY binary" };
      return async (connection, form) => whole(await RowCopies.open(connection, target, form));
    }
  }
}

/** Takes all it is given, as a job's sink does. */
function whole(feed: Pick<RowFeed, "write" | "finish">): WayFeed {
  return {
    async take(slice) {
      await feed.write(slice);
      return slice.rows;
    },
    finish: () => feed.finish(),
  };
}

/** INSERT statements of some rows each. */
interface Inserts {
  readonly head: string;
  /** Columns. */
  readonly width: number;
  /** Of a statement. */
  readonly rows: number;
  /** Statements that are not answered yet. */
  readonly inFlight: number;
}

function inserting(connection: Connection, { head, width, rows: most, inFlight }: Inserts): WayFeed {
  const full = statementOf(head, width, most);
  return {
    async take({ bytes, rows }, isOver) {
      const columns = readTextRows(bytes, width);
      let taken = 0;
      while (taken < rows && !isOver()) {
        const asked: Promise<unknown>[] = [];
        while (taken < rows && asked.length < inFlight) {
          const end = Math.min(taken + most, rows);
          const statement = end - taken === most ? full : statementOf(head, width, end - taken);
          asked.push(connection.query(statement, valuesOf(columns, taken, end)));
          taken = end;
        }
        await Promise.all(asked);
      }
      return taken;
    },
    finish: async () => {},
  };
}

function statementOf(head: string, width: number, rows: number): string {
  const row = (number: number): string =>
    `(${Array.from({ length: width }, (_, column) => `$${number * width + column + 1}`).join(", ")})`;
  return `${head} VALUES ${Array.from({ length: rows }, (_, number) => row(number)).join(", ")}`;
}

/** The values of some rows, row by row. */
function valuesOf(columns: readonly (readonly (string | null)[])[], begin: number, end: number): (string | null)[] {
  const values: (string | null)[] = [];
  for (let row = begin; row < end; row++) for (const column of columns) values.push(column[row] ?? null);
  return values;
}
