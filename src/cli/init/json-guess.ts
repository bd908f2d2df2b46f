/** The type of one field of JSON records: JSON says most itself, texts are looked at as those of a CSV column. */
import type { Column } from "../../core/record.ts";
import { ColumnGuess, type InferredField, type JsonType } from "./column-guess.ts";

type Kind = "null" | "boolean" | "int" | "bigint" | "float" | "string" | "json";

/** Takes the values of one field. */
export class JsonFieldGuess {
  readonly name: string;
  readonly #kinds = new Set<Kind>();
  readonly #texts: ColumnGuess;
  #seen = 0;
  #largest = 0;

  constructor(name: string) {
    this.name = name;
    this.#texts = new ColumnGuess(name);
  }

  add(value: unknown): void {
    this.#seen++;
    const kind = kindOf(value);
    this.#kinds.add(kind);
    if (typeof value === "number") this.#largest = Math.max(this.#largest, Math.abs(value));
    if (typeof value === "string") this.#texts.add(value);
  }

  /**
   * What the field is.
   *
   * @param records how many there were: in some the field may be missing
   */
  result(records: number): InferredField {
    const hasNulls = this.#kinds.has("null") || this.#seen < records;
    const column = this.#type() ?? null;
    const mixed = column === null ? { mixed: [...new Set([...this.#kinds].flatMap((kind) => TYPES[kind]))] } : {};
    return { name: this.name, column, ...mixed, hasNulls, marks: [], largest: this.#largest };
  }

  #type(): Column | undefined {
    const kinds = [...this.#kinds].filter((kind) => kind !== "null");
    const [only, ...others] = kinds;
    if (kinds.every((kind) => kind === "int" || kind === "float" || kind === "bigint")) return numberOf(kinds);
    if (only === undefined || others.length > 0) return undefined;
    if (only !== "string") return { type: only };
    const { column, marks, hasNulls } = this.#texts.result();
    // A number or a truth value between quotes is meant to be a text; an empty text among dates is none of them.
    const isPlain = marks.length === 0 && !hasNulls;
    return isPlain && TEXT_TYPES.has(column.type) ? column : { type: "string" };
  }
}

const TYPES: { readonly [K in Kind]: readonly JsonType[] } = {
  null: [],
  boolean: ["boolean"],
  int: ["number"],
  bigint: ["number"],
  float: ["number"],
  string: ["string"],
  json: ["unknown"],
};

const TEXT_TYPES: ReadonlySet<string> = new Set(["date", "timestamp", "uuid"]);

function numberOf(kinds: readonly Kind[]): Column | undefined {
  if (kinds.length === 0) return undefined;
  if (kinds.includes("float")) return { type: "float" };
  return { type: kinds.includes("bigint") ? "bigint" : "int" };
}

function kindOf(value: unknown): Kind {
  if (value === null || value === undefined) return "null";
  if (typeof value === "boolean") return "boolean";
  if (typeof value === "string") return "string";
  if (typeof value !== "number") return "json";
  if (Number.isSafeInteger(value)) return "int";
  return Number.isInteger(value) && Math.abs(value) < 1e21 ? "bigint" : "float";
}
