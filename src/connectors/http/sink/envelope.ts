/** What surrounds a request's body: method, address and headers, some of them made of fields. */
import { MillraceError } from "../../../core/errors.ts";
import type { SinkOutput } from "../../../core/result.ts";
import type { HttpSinkOptions } from "../sink-options.ts";
import { UrlTemplate } from "./url-template.ts";

/** Method, address and headers of a request. */
export interface Envelope {
  readonly method: string;
  readonly url: URL;
  /** Those that are fields, by lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** Equal where everything else is. */
  readonly identity: string;
  /** A DELETE of what the address names says all by that. */
  readonly isBodiless: boolean;
}

const METHODS: readonly string[] = ["POST", "PUT", "PATCH", "DELETE"];
/** What a header may hold: visible characters of Latin-1, blanks and tabs. */
const HEADER_TEXT = /^[\t\u0020-\u007e\u0080-\u00ff]*$/;

type TextOf = (field: string) => string | null;

/** Makes envelopes out of the texts that stand before each row. Made once a sink. */
export class Envelopes {
  /** The fields that the threads have to put before each row. */
  readonly attached: readonly string[];
  /** Headers of every request. */
  readonly standing: Readonly<Record<string, string>>;
  readonly #options: HttpSinkOptions;
  readonly #url: UrlTemplate;
  readonly #fieldHeaders: readonly (readonly [name: string, field: string])[];
  /** Numbers of the attached fields that an envelope depends on: all but that of the order. */
  readonly #shaping: readonly number[];
  readonly #indexes: ReadonlyMap<string, number>;
  /** Where no row differs. */
  readonly #only: Envelope | null;
  #last: Envelope | null = null;

  constructor(options: HttpSinkOptions) {
    const { url, method, headers, batch, orderBy } = options;
    this.#options = options;
    this.#url = new UrlTemplate(url);
    const named = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
    const type = batch?.format === "jsonl" ? "application/x-ndjson" : "application/json";
    const constant = named.flatMap(([name, value]) => (typeof value === "string" ? [[name, value] as const] : []));
    this.standing = { "content-type": type, ...Object.fromEntries(constant) };
    this.#fieldHeaders = named.flatMap(([name, value]) => (typeof value === "string" ? [] : [[name, value.field]]));
    const ofMethod = typeof method === "string" ? [] : [method.field];
    const shaping = new Set([...this.#url.fields, ...ofMethod, ...this.#fieldHeaders.map(([, field]) => field)]);
    this.attached = [...new Set([...shaping, ...(orderBy === undefined ? [] : [orderBy])])];
    this.#indexes = new Map(this.attached.map((field, index) => [field, index]));
    this.#shaping = Array.from({ length: shaping.size }, (_, index) => index);
    this.#only = shaping.size === 0 ? this.#make("", () => null) : null;
  }

  /** For people: `http POST https://api.example.com/items`. */
  get label(): string {
    const { method } = this.#options;
    return `http ${typeof method === "string" ? method : `{${method.field}}`} ${this.#url.shown}`;
  }

  /**
   * @param texts of the attached fields
   * @throws MillraceError VALUE_NULL, VALUE_INVALID
   */
  of(texts: readonly (string | null)[]): Envelope {
    if (this.#only !== null) return this.#only;
    const identity = JSON.stringify(this.#shaping.map((index) => texts[index]));
    if (this.#last?.identity !== identity) {
      this.#last = this.#make(identity, (field) => texts[this.#indexes.get(field) as number] ?? null);
    }
    return this.#last;
  }

  /** The text whose equals keep their order; null: none does. */
  orderOf(texts: readonly (string | null)[]): string | null {
    const { orderBy } = this.#options;
    return orderBy === undefined ? null : (texts[this.#indexes.get(orderBy) as number] ?? null);
  }

  #make(identity: string, textOf: TextOf): Envelope {
    const { method: given, batch } = this.#options;
    const method = typeof given === "string" ? given : methodOf(given.field, textOf);
    const isBodiless = method === "DELETE" && batch === undefined && this.#url.fields.length > 0;
    return { method, url: this.#url.fill(textOf), headers: this.#headersOf(textOf), identity, isBodiless };
  }

  /** A header whose field is null is left out. */
  #headersOf(textOf: TextOf): Envelope["headers"] {
    const headers: Record<string, string> = {};
    for (const [name, field] of this.#fieldHeaders) {
      const text = textOf(field);
      if (text === null) continue;
      if (!HEADER_TEXT.test(text)) throw unfitHeader(name, field);
      headers[name] = text;
    }
    return headers;
  }
}

function unfitHeader(name: string, field: string): MillraceError {
  const message = `field ${field} holds a line end or a character outside of Latin-1, which the header ${name} cannot hold`;
  return new MillraceError("VALUE_INVALID", message);
}

function methodOf(field: string, textOf: TextOf): string {
  const text = textOf(field);
  if (text === null) {
    throw new MillraceError("VALUE_NULL", `field ${field} is null or not there, and it names the method`);
  }
  const method = text.toUpperCase();
  if (METHODS.includes(method)) return method;
  throw new MillraceError("VALUE_INVALID", `field ${field} names no method of ${METHODS.join(", ")}`);
}

/** The texts that stand before a row, by the numbers of their fields, and where the row itself begins. */
export function textsBefore(
  bytes: Buffer,
  begin: number,
  attached: NonNullable<SinkOutput["attached"]>,
  row: number,
): { readonly texts: readonly (string | null)[]; readonly end: number } {
  const { fields, lengths } = attached;
  const texts: (string | null)[] = [];
  let end = begin;
  for (let field = 0; field < fields; field++) {
    const length = lengths[row * fields + field] as number;
    texts.push(length < 0 ? null : bytes.toString("utf8", end, end + length));
    end += Math.max(0, length);
  }
  return { texts, end };
}
