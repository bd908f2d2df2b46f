/** How the rows of one unit get into the table: what the modes differ in. */
import type { Connection } from "../../../../postgres/connection.ts";

/** Takes rows, as lines of COPY's text format, until it is finished; then they are in the table. */
export interface RowFeed {
  /** Hands over rows. Leave the bytes as they are until it is finished. Throws what the driver throws. */
  write(bytes: Uint8Array): Promise<void>;
  /** Throws what the driver throws, also for rows handed over earlier. */
  finish(): Promise<unknown>;
}

/** One unit's way into the table. */
export interface Load {
  /** What fails when the rows do, for messages. */
  readonly doing: string;
  /** The relation, without its schema, whose lines the server counts; none where it counts no lines. */
  readonly copyOf: string;
  /** Makes ready what all feeds of the unit need, once in its transaction. Throws what the driver throws. */
  prepare(connection: Connection): Promise<void>;
  /** Begins to take rows; after the last feed has finished, or what it did was taken back. Throws what the driver throws. */
  open(connection: Connection): Promise<RowFeed>;
}

/** Makes a unit's way into the table. */
export type MakeLoad = () => Load;
