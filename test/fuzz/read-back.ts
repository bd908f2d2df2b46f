/** What a value that went into a column is when it is read back. */
import { isDeepStrictEqual } from "node:util";
import type { DataRecord } from "../../src/core/record.ts";
import type { Fate } from "./fate.ts";
import type { TableColumn } from "./table.ts";
import type { FuzzTransform } from "./transform.ts";

/** Keeps what a transform gives. */
export class CapturedOutputs {
  /** Of each call one; a throw is undefined. */
  readonly all: unknown[] = [];

  /** The same transform, watched. */
  of(transform: FuzzTransform): FuzzTransform {
    return (record) => {
      this.all.push(undefined);
      const output = transform(record);
      this.all[this.all.length - 1] = output;
      return output;
    };
  }

  /** The outputs that some of the binary rows stand for. */
  ofRows(fates: readonly Fate[], taken: readonly number[]): readonly unknown[] {
    let call = 0;
    const outputs = fates.flatMap(({ rows, rejects }): unknown[] => {
      if (rejects.some((reject) => reject.includes(',"decode",'))) return [];
      const given = this.all[call++];
      const all = Array.isArray(given) ? given : [given];
      const isBinary = rows.filter(({ sink }) => sink === "pg-copy-binary").map(({ form }) => form === 0);
      return all.filter((_, i) => isBinary[i] === true);
    });
    return taken.map((row) => outputs[row]);
  }
}

/** What is not as it went in; null where all is. */
export function readsAs(table: readonly TableColumn[], wrote: unknown, read: unknown): string | null {
  for (const { name, spelled } of table) {
    const [before, after] = [fieldOf(wrote, name), fieldOf(read, name)];
    if (isSame(spelled, before, after) === false)
      return `${name} ${spelled}: ${show(before)} was read back as ${show(after)}`;
  }
  return null;
}

function fieldOf(record: unknown, name: string): unknown {
  return (record as DataRecord | undefined)?.[name];
}

function show(value: unknown): string {
  return typeof value === "bigint" ? `${value}n` : (JSON.stringify(value) ?? String(value));
}

/** Whether a value is what it was; undefined where its type alone does not tell what it has become. */
function isSame(type: string, before: unknown, after: unknown): boolean | undefined {
  // an empty text may have stood for null
  if (before === null || before === undefined) return after === null;
  if (after === null) return before === "" ? undefined : false;
  switch (type) {
    case "text":
      return typeof before === "string" ? before === after : undefined;
    case "boolean":
      return typeof before === "boolean" ? before === after : undefined;
    case "smallint":
    case "integer":
    case "bigint":
      return isWhole(before) ? BigInt(before) === BigInt(after as number | bigint) : undefined;
    case "double precision":
      return typeof before === "number" ? Number(before) === after || Number.isNaN(before) : undefined;
    case "real":
      return typeof before === "number"
        ? Math.fround(before) === Math.fround(after as number) || Number.isNaN(before)
        : undefined;
    case "numeric":
      return typeof before === "number" || typeof before === "bigint"
        ? Number(before) === Number(after) || Number.isNaN(before)
        : undefined;
    case "timestamp with time zone":
    case "timestamp without time zone":
      return before instanceof Date && after instanceof Date ? before.getTime() === after.getTime() : undefined;
    case "bytea":
      return before instanceof Uint8Array
        ? isDeepStrictEqual(Buffer.from(before), Buffer.from(after as Uint8Array))
        : undefined;
    default:
      return undefined;
  }
}

function isWhole(value: unknown): value is number | bigint {
  // a larger number was rounded when it was read, and its digits were written
  return typeof value === "bigint" || Number.isSafeInteger(value);
}
