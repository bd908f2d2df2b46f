/** How the rows of one unit get into the table: what the modes differ in. */
import type { RowForm } from "../../../../core/ports/format.ts";
import type { RowSlice } from "../../../../core/row-forms.ts";
import type { Connection } from "../../../../postgres/connection.ts";

/** Takes rows, as COPY does, until it is finished; then they are in the table. */
export interface RowFeed {
  /** Rows before the first of which the server counts lines when it refuses one. */
  readonly rowsBefore: number;
  /** Whether the COPY under way is binary. */
  readonly isBinary: boolean;
  /** Hands over rows. Leave the bytes as they are until it is finished. Throws what the driver throws. */
  write(rows: RowSlice): Promise<void>;
  /** Throws what the driver throws, also for rows handed over earlier. */
  finish(): Promise<void>;
}

/** One unit's way into the table. */
export interface Load {
  /** What fails when the rows do, for messages. */
  readonly doing: string;
  /** The relation, without its schema, whose lines the server counts; none where it counts no lines. */
  readonly copyOf: string;
  /** Makes ready what all feeds of the unit need, once in its transaction. Throws what the driver throws. */
  prepare(connection: Connection): Promise<void>;
  /**
   * Begins to take rows; after the last feed has finished, or what it did was taken back. Throws what the driver throws.
   *
   * @param form of the first rows
   */
  open(connection: Connection, form: RowForm): Promise<RowFeed>;
}

/** Makes a unit's way into the table. */
export type MakeLoad = () => Load;
