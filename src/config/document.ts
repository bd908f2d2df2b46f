/** Reads YAML and JSON into plain values, remembering where each key and value stands. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { Alias, Document, Pair, ParsedNode, Scalar } from "yaml";
import { type Place, type Places, pathKey, type ValuePath } from "./place.ts";
import { type Finding, locate, type Problem, problemsError } from "./problem.ts";

/** A file's content as plain values. */
export interface ConfigDocument {
  readonly config: unknown;
  readonly places: Places;
}

/** Aliases may repeat a part again and again; more values than this are an attack or a mistake. */
const MOST_VALUES = 100_000;

/**
 * Parses a config file's text.
 *
 * @param file its name for messages
 * @throws MillraceError CONFIG_INVALID with every problem found
 */
export function parseConfig(text: string, file: string, language: "yaml" | "json"): ConfigDocument {
  if (language === "json") checkJson(text, file);
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    intAsBigInt: true,
    prettyErrors: false,
    uniqueKeys: false,
  });
  const [fault] = [...document.errors, ...document.warnings];
  if (fault !== undefined) {
    const place = placeAt(lines, fault.pos[0]);
    throw problemsError([syntaxProblem(file, place, yamlMessage(fault.code, fault.message, lineOf(text, place)))]);
  }
  const reader = new Reader(document, lines);
  const config = reader.read(document.contents, []);
  if (reader.findings.length > 0) {
    throw problemsError(reader.findings.map((finding) => locate(finding, file, reader)));
  }
  return { config, places: reader };
}

/** Walks the syntax tree; the places it remembers answer {@link Places}. */
class Reader implements Places {
  readonly findings: Finding[] = [];
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;
  readonly #keys = new Map<string, Place>();
  readonly #values = new Map<string, Place>();
  /** Anchored nodes that are being read: an alias to one of them would never end. */
  readonly #open = new Set<unknown>();

  constructor(document: Document.Parsed, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  key(path: ValuePath): Place | undefined {
    return this.#keys.get(pathKey(path));
  }

  value(path: ValuePath): Place | undefined {
    return this.#values.get(pathKey(path));
  }

  read(node: unknown, path: ValuePath): unknown {
    if (isAlias(node)) return this.#readAlias(node, path);
    this.#remember(this.#values, path, node);
    if (this.#values.size > MOST_VALUES) return this.#tooMany(path);
    if (isScalar(node)) return plainScalar(node);
    if (isMap(node)) return this.#nested(node, () => this.#readMap(node.items, path));
    if (isSeq(node)) {
      return this.#nested(node, () => node.items.map((item, index) => this.read(item, [...path, index])));
    }
    return null;
  }

  #readMap(pairs: readonly Pair[], path: ValuePath): { [key: string]: unknown } {
    const entries = new Map<string, unknown>();
    for (const { key, value } of pairs) {
      if (!isScalar(key)) {
        this.#find(path, "value", "a key has to be a plain word, not a list, an object or an alias");
        continue;
      }
      const name = String(key.value);
      const at = [...path, name];
      const first = this.key(at);
      this.#remember(this.#keys, at, key);
      if (entries.has(name))
        this.#find(at, "key", `this key is given twice; the first is on line ${first?.line ?? "?"}`);
      entries.set(name, this.read(value, at));
    }
    return Object.fromEntries(entries);
  }

  #readAlias(alias: Alias, path: ValuePath): unknown {
    const target = alias.resolve(this.#document);
    this.#remember(this.#values, path, alias);
    if (target === undefined) return this.#find(path, "value", `the alias *${alias.source} has no anchor before it`);
    if (this.#open.has(target))
      return this.#find(path, "value", `the alias *${alias.source} contains itself; write out what is meant`);
    const place = this.value(path);
    const value = this.read(target, path);
    if (place !== undefined) this.#values.set(pathKey(path), place);
    return value;
  }

  #nested<T>(node: unknown, read: () => T): T {
    this.#open.add(node);
    const value = read();
    this.#open.delete(node);
    return value;
  }

  #tooMany(path: ValuePath): undefined {
    if (this.findings.length === 0) this.#find(path, "value", `the aliases expand to more than ${MOST_VALUES} values`);
  }

  #find(path: ValuePath, at: "key" | "value", message: string): undefined {
    this.findings.push({ code: "CONFIG_INVALID", path, at, message });
  }

  #remember(map: Map<string, Place>, path: ValuePath, node: unknown): void {
    const offset = (node as ParsedNode | null)?.range?.[0];
    if (offset !== undefined) map.set(pathKey(path), placeAt(this.#lines, offset));
  }
}

/** Whole numbers are read as bigint so that a large one is not rounded before anyone can refuse it. */
function plainScalar({ value }: Scalar): unknown {
  if (typeof value !== "bigint") return value;
  return BigInt.asIntN(54, value) === value ? Number(value) : value;
}

/** YAML takes more than JSON does; a `.json` file is held to JSON's own grammar. */
function checkJson(text: string, file: string): void {
  const fault = jsonFault(text.replace(/^\uFEFF/, " "));
  if (fault === undefined) return;
  const lines = text.slice(0, offsetOfFault(text)).split("\n");
  const place = { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
  throw problemsError([syntaxProblem(file, place, `not valid JSON: ${jsonReason(fault)}`)]);
}

/** What JSON.parse has against a text. */
function jsonFault(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

/**
 * Where the text stops being the beginning of any JSON. JSON.parse does not always say, but whether a text can go on to be
 * JSON holds up to that place and for no longer text, so bisection finds it.
 */
function offsetOfFault(text: string): number {
  let good = 0;
  let bad = text.length + 1;
  while (bad - good > 1) {
    const middle = (good + bad) >>> 1;
    if (canGoOn(text.slice(0, middle).replace(/^\uFEFF/, " "))) good = middle;
    else bad = middle;
  }
  return good;
}

function canGoOn(text: string): boolean {
  const fault = jsonFault(text);
  if (fault === undefined || /end of JSON input|^Unterminated string/.test(fault)) return true;
  return /position (?<offset>\d+)/.exec(fault)?.groups?.["offset"] === String(text.length);
}

/** V8 quotes a part of the text behind its reason; that part could be a password. */
function jsonReason(fault: string): string {
  return fault.replace(/,? (?:\.\.\.)?".*$/s, "").replace(/ in JSON at position.*$/s, "");
}

function syntaxProblem(file: string, place: Place, message: string): Problem {
  return { code: "CONFIG_INVALID", file, ...place, path: "", message };
}

function yamlMessage(code: string, message: string, line: string): string {
  if (code === "MULTIPLE_DOCS") return "not valid here: a file holds one document, and this one has a second after ---";
  const [reason = ""] = message.split("\n");
  const unquoted = /[{[].*[:,[{]\s*\$\{/.test(line) ? '; write "${NAME}" in quotes inside { } and [ ]' : "";
  return `not valid YAML: ${reason.charAt(0).toLowerCase()}${reason.slice(1)}${unquoted}`;
}

function placeAt(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

function lineOf(text: string, { line }: Place): string {
  return text.split("\n")[line - 1] ?? "";
}
