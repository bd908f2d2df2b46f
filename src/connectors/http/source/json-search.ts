/**
 * Finds what JSON pointers (RFC 6901) name in the bytes of one JSON value, in one pass and without building values: an
 * element that is cut out of the bytes keeps its large integers and its scale.
 *
 * Only the way to the pointers' places is held to the grammar (RFC 8259). Of what lies beside it, and inside of the
 * elements, strings and the nesting of brackets are followed; whether an element is JSON says whoever decodes it. Bytes
 * that end too early are told from those that can never become JSON: a transfer may have been cut without anybody noticing.
 */
import { ElementBorders } from "./element-borders.ts";

const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN_ARRAY = 91;
const BACKSLASH = 92;
const CLOSE_ARRAY = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;
/** An opening bracket and its closing one are this far apart. */
const TO_CLOSING = 2;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
/** What a method gives where it could not go on. */
const STOPPED = -1;

const SCALAR = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;
const CUT_SCALAR = /^(?:t(?:ru?)?|f(?:a(?:ls?)?)?|n(?:ul?)?|-|-?(?:0|[1-9]\d*)(?:\.|(?:\.\d+)?[eE][+-]?))$/;
/** Bytes that a number or a literal may have. */
const isWordByte = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[-+.0-9A-Za-z]/.test(String.fromCharCode(byte)) ? 1 : 0,
);

const NOBODY: readonly Seeker[] = [];

/** What is looked for. */
export interface JsonWish {
  /** The names on the way there; none for the whole value. */
  readonly steps: readonly string[];
  /** Also where each element of an array begins and ends. */
  readonly elements?: boolean;
}

/** Where a value stands in the bytes. */
export interface JsonPlace {
  readonly begin: number;
  readonly end: number;
  /** Begin and end of each element in turn, if the value is an array and they were asked for. */
  readonly elements: Int32Array | undefined;
}

/** What came of a search: places in the order of the wishes, or why the bytes are no JSON value. */
export type JsonSearch =
  | { readonly kind: "found"; readonly places: readonly (JsonPlace | undefined)[] }
  /** The bytes end before the value does. */
  | { readonly kind: "cut" }
  | { readonly kind: "invalid"; readonly at: number };

/** Looks for all of the wishes. Of several members of one name the last one counts, as for JSON.parse. */
export function searchJson(bytes: Buffer, wishes: readonly JsonWish[]): JsonSearch {
  return new Search(bytes, wishes).run();
}

class Seeker {
  readonly steps: readonly string[];
  readonly elements: boolean;
  place: JsonPlace | undefined;

  constructor({ steps, elements = false }: JsonWish) {
    this.steps = steps;
    this.elements = elements;
  }

  /** Whether its way goes on with this name. */
  follows(name: string, depth: number): boolean {
    return this.steps.length > depth && this.steps[depth] === name;
  }
}

/** Methods take the offset of a value's first byte, and give the offset behind its last one. */
class Search {
  readonly #bytes: Buffer;
  readonly #end: number;
  readonly #seekers: readonly Seeker[];
  /** The closing brackets that are due. */
  #due = new Uint8Array(64);
  #stoppedAt = 0;

  constructor(bytes: Buffer, wishes: readonly JsonWish[]) {
    this.#bytes = bytes;
    this.#end = bytes.length;
    this.#seekers = wishes.map((wish) => new Seeker(wish));
  }

  run(): JsonSearch {
    const marked = this.#bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK);
    const end = this.#value(this.#blanks(marked ? BYTE_ORDER_MARK.length : 0), this.#seekers, 0);
    const behind = end === STOPPED ? STOPPED : this.#blanks(end);
    if (behind === this.#end) return { kind: "found", places: this.#seekers.map(({ place }) => place) };
    const at = behind === STOPPED ? this.#stoppedAt : behind;
    return at >= this.#end ? { kind: "cut" } : { kind: "invalid", at };
  }

  /** @param on those whose way has led here */
  #value(at: number, on: readonly Seeker[], depth: number): number {
    if (on.length === 0) return this.#skip(at);
    const first = this.#bytes[at];
    const isArray = first === OPEN_ARRAY;
    const elements =
      isArray && on.some((one) => one.elements && one.steps.length === depth) ? new ElementBorders() : undefined;
    const end = isArray
      ? this.#array(at, on, depth, elements)
      : first === OPEN_OBJECT
        ? this.#object(at, on, depth)
        : this.#skip(at);
    if (end === STOPPED) return STOPPED;
    for (const one of on) {
      if (one.steps.length === depth)
        one.place = { begin: at, end, elements: one.elements ? elements?.taken : undefined };
    }
    return end;
  }

  #object(open: number, on: readonly Seeker[], depth: number): number {
    const bytes = this.#bytes;
    let at = this.#blanks(open + 1);
    if (bytes[at] === CLOSE_OBJECT) return at + 1;
    for (;;) {
      if (bytes[at] !== QUOTE) return this.#stop(at);
      const behind = this.#string(at);
      if (behind === STOPPED) return STOPPED;
      const name = this.#nameAt(at, behind);
      if (name === undefined) return this.#stop(at);
      at = this.#blanks(behind);
      if (bytes[at] !== COLON) return this.#stop(at);
      at = this.#value(this.#blanks(at + 1), this.#following(on, name, depth), depth + 1);
      if (at === STOPPED) return STOPPED;
      at = this.#blanks(at);
      if (bytes[at] === CLOSE_OBJECT) return at + 1;
      if (bytes[at] !== COMMA) return this.#stop(at);
      at = this.#blanks(at + 1);
    }
  }

  #array(open: number, on: readonly Seeker[], depth: number, borders: ElementBorders | undefined): number {
    const bytes = this.#bytes;
    const goesDeeper = on.some(({ steps }) => steps.length > depth);
    let at = this.#blanks(open + 1);
    if (bytes[at] === CLOSE_ARRAY) return at + 1;
    for (let index = 0; ; index++) {
      const begin = at;
      const inside = goesDeeper ? this.#following(on, String(index), depth) : NOBODY;
      at = this.#value(begin, inside, depth + 1);
      if (at === STOPPED) return STOPPED;
      borders?.add(begin, at);
      at = this.#blanks(at);
      if (bytes[at] === CLOSE_ARRAY) return at + 1;
      if (bytes[at] !== COMMA) return this.#stop(at);
      at = this.#blanks(at + 1);
    }
  }

  /** Those that go on to a member; what an earlier member of the same name held no longer counts. */
  #following(on: readonly Seeker[], name: string, depth: number): readonly Seeker[] {
    const following = on.filter((one) => one.follows(name, depth));
    for (const one of following) one.place = undefined;
    return following;
  }

  /** undefined for an escape that is none. */
  #nameAt(quote: number, behind: number): string | undefined {
    const text = this.#bytes.toString("utf8", quote, behind);
    if (!text.includes("\\")) return text.slice(1, -1);
    try {
      return JSON.parse(text) as string;
    } catch {
      return undefined;
    }
  }

  #skip(at: number): number {
    const first = this.#bytes[at];
    if (first === QUOTE) return this.#string(at);
    return first === OPEN_OBJECT || first === OPEN_ARRAY ? this.#nested(at) : this.#scalar(at);
  }

  #nested(open: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    let depth = 0;
    for (let at = open; at < end; at++) {
      const byte = bytes[at] as number;
      if (byte === QUOTE) {
        at = this.#string(at) - 1;
        if (at < 0) return STOPPED;
      } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        if (depth === this.#due.length) this.#deepen();
        this.#due[depth++] = byte + TO_CLOSING;
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        if (this.#due[--depth] !== byte) return this.#stop(at);
        if (depth === 0) return at + 1;
      }
    }
    return this.#stop(end);
  }

  #string(quote: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    for (let at = quote + 1; at < end; at++) {
      const byte = bytes[at] as number;
      if (byte === QUOTE) return at + 1;
      if (byte === BACKSLASH) at++;
      else if (byte < SPACE) return this.#stop(at);
    }
    return this.#stop(end);
  }

  /** A number or a literal. */
  #scalar(begin: number): number {
    const bytes = this.#bytes;
    let at = begin;
    while (at < this.#end && isWordByte[bytes[at] as number] === 1) at++;
    const text = bytes.toString("latin1", begin, at);
    if (SCALAR.test(text)) return at;
    return this.#stop(at === this.#end && (text === "" || CUT_SCALAR.test(text)) ? at : begin);
  }

  #blanks(from: number): number {
    const bytes = this.#bytes;
    let at = from;
    for (;;) {
      const byte = bytes[at];
      if (byte !== SPACE && byte !== 10 && byte !== 13 && byte !== 9) return at;
      at++;
    }
  }

  #stop(at: number): typeof STOPPED {
    this.#stoppedAt = at;
    return STOPPED;
  }

  #deepen(): void {
    const deeper = new Uint8Array(2 * this.#due.length);
    deeper.set(this.#due);
    this.#due = deeper;
  }
}
