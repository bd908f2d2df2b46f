/** Every way in turn, round after round. */
import type { Clock } from "../../core/clock.ts";
import { MillraceError } from "../../core/errors.ts";
import type { SinkOutput } from "../../core/result.ts";
import { formatCount } from "../../observability/figures.ts";
import type { TableColumn } from "../../postgres/catalogue.ts";
import { connect, type ConnectTarget } from "../../postgres/connect.ts";
import type { Connection } from "../../postgres/connection.ts";
import { describe, faultOf, postgresError, serverError } from "../../postgres/errors.ts";
import type { TableName } from "../../postgres/identifiers.ts";
import { measureInRounds } from "../rounds.ts";
import { binaryRows, unwrittenColumn } from "./binary-rows.ts";
import { cutUnits, type Unit } from "./rows.ts";
import { type LoadSample, timedLoad } from "./timed-load.ts";
import { WAYS, wayInto, type WayName } from "./ways.ts";

/** What is needed for it. */
export interface WaysOptions {
  readonly target: ConnectTarget;
  /** For all ways but the pipelined one. */
  readonly connection: Connection;
  readonly into: TableName;
  /** The output columns. */
  readonly columns: readonly TableColumn[];
  /** COPY's text form. */
  readonly rows: SinkOutput;
  readonly unitBytes: number;
  /** Why the job's own table takes no COPY; null: it does. */
  readonly noCopy: string | null;
  readonly rounds: number;
  readonly limitMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly tell: (line: string) => void;
}

/** What came of it: a way is in one of them. */
export interface MeasuredWays {
  readonly samples: ReadonlyMap<WayName, readonly LoadSample[]>;
  /** Why not, by way. */
  readonly refused: ReadonlyMap<WayName, string>;
}

/** @throws MillraceError ABORTED; SINK_UNAVAILABLE when the session is lost */
export async function measureWays(options: WaysOptions): Promise<MeasuredWays> {
  const { target, connection, into, columns, rounds, tell } = options;
  await using pipelined = await connect({ ...target, pipelined: true });
  const refused = new Map(refusedBefore(options));
  const unitsOf = unitsBy(options, refused);
  const samples = await measureInRounds<WayName, LoadSample>({
    candidates: WAYS.filter((way) => !refused.has(way)),
    count: rounds,
    measure: async (name, round) => {
      const way = wayInto(name, into, columns);
      const session = way.pipelined ? pipelined : connection;
      try {
        const sample = await timedLoad({ ...options, way, connection: session, units: unitsOf(name) });
        tell(`round ${round + 1} of ${rounds}: ${name} ${formatCount((sample.rows / sample.elapsedMs) * 1000)} rows/s`);
        return sample;
      } catch (thrown) {
        const why = refusalOf(thrown, into);
        if (why === null) throw postgresError(thrown, `bench insert: ${name}`);
        tell(`round ${round + 1} of ${rounds}: ${name} is refused: ${why}`);
        refused.set(name, why);
        return null;
      }
    },
  });
  return { samples, refused };
}

/** What the table or its types rule out. */
function refusedBefore({ noCopy, columns }: WaysOptions): (readonly [WayName, string])[] {
  if (noCopy !== null) {
    return [
      ["COPY text", noCopy],
      ["COPY binary", noCopy],
    ];
  }
  const column = unwrittenColumn(columns);
  return column === undefined
    ? []
    : [["COPY binary", `column "${column.name}" has type ${column.type}, which goes by text alone`]];
}

/** Both forms are made before anything is measured. */
function unitsBy(
  { rows, columns, unitBytes }: WaysOptions,
  refused: ReadonlyMap<WayName, string>,
): (way: WayName) => readonly Unit[] {
  const text = cutUnits(rows, unitBytes);
  const binary = refused.has("COPY binary") ? text : cutUnits(binaryRows(rows, columns), unitBytes);
  return (way) => (way === "COPY binary" ? binary : text);
}

/** null for what another attempt may not meet, or what is no word of the server on the way. */
function refusalOf(thrown: unknown, into: TableName): string | null {
  if (thrown instanceof MillraceError) return null;
  const error = serverError(thrown);
  return error === undefined || faultOf(thrown) === "transient" ? null : describe(error, into.table);
}
