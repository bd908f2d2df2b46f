/** Copies rows in the forms in which they come, one COPY behind the other. */
import type { RowForm } from "../core/ports/format.ts";
import type { RowSlice } from "../core/row-forms.ts";
import type { Connection } from "./connection.ts";
import { CopyFeed } from "./copy-feed.ts";
import { quoteIdentifier, quoteTable, type TableName } from "./identifiers.ts";

/**
 * What stands before the rows of COPY's binary format: its signature, no flags, no extension; and the number of fields that
 * says that there is no row any more.
 *
 * Source: PostgreSQL documentation, COPY, "Binary Format".
 */
const BINARY_HEADER = Buffer.from("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", "latin1");
const BINARY_TRAILER = Buffer.from([0xff, 0xff]);

/** Where rows go. */
export interface CopyTarget {
  readonly into: TableName;
  readonly columns: readonly string[];
  /** Whether rows of form 0 are binary; else all are text. */
  readonly binary: boolean;
}

/** Rows on their way into a table. */
export class RowCopies {
  readonly #connection: Connection;
  readonly #target: CopyTarget;
  #feed: CopyFeed;
  /** Of the COPY under way. */
  #isBinary: boolean;
  #rowsBefore = 0;
  #rows = 0;

  private constructor(connection: Connection, target: CopyTarget, feed: CopyFeed, binary: boolean) {
    this.#connection = connection;
    this.#target = target;
    this.#feed = feed;
    this.#isBinary = binary;
  }

  /**
   * Begins the first COPY and waits until the server takes data.
   *
   * @param form of the first rows
   */
  static async open(connection: Connection, target: CopyTarget, form: RowForm): Promise<RowCopies> {
    const binary = isBinary(target, form);
    return new RowCopies(connection, target, await begin(connection, target, binary), binary);
  }

  /** Whether the COPY under way is binary. */
  get isBinary(): boolean {
    return this.#isBinary;
  }

  /** Rows that COPYs have taken which have ended: the server counts the lines of the one under way. */
  get rowsBefore(): number {
    return this.#rowsBefore;
  }

  /**
   * Hands over rows; resolves when the socket can take more. They are not copied: leave their bytes as they are until all
   * have been taken. Throws what the driver throws, also for rows handed over earlier.
   */
  async write({ bytes, rows, form }: RowSlice): Promise<void> {
    const binary = isBinary(this.#target, form);
    if (binary !== this.#isBinary) await this.#turn(binary);
    this.#rows += rows;
    await this.#feed.write(bytes);
  }

  /** Ends the last COPY. Throws what the driver throws. */
  async finish(): Promise<void> {
    if (this.#isBinary) await this.#feed.write(BINARY_TRAILER);
    await this.#feed.finish();
  }

  async #turn(binary: boolean): Promise<void> {
    await this.finish();
    this.#rowsBefore += this.#rows;
    this.#rows = 0;
    this.#isBinary = binary;
    this.#feed = await begin(this.#connection, this.#target, binary);
  }
}

async function begin(connection: Connection, target: CopyTarget, binary: boolean): Promise<CopyFeed> {
  const columns = target.columns.map(quoteIdentifier).join(", ");
  const format = binary ? " WITH (FORMAT binary)" : "";
  const feed = await CopyFeed.open(connection, `COPY ${quoteTable(target.into)} (${columns}) FROM STDIN${format}`);
  if (binary) await feed.write(BINARY_HEADER);
  return feed;
}

function isBinary({ binary }: CopyTarget, form: RowForm): boolean {
  return binary && form === 0;
}
