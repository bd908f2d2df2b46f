/**
 * Source data by a seed: ordinary records, and all that is wrong with files.
 *
 * Every physical line begins with its split and number (`s1#12`), whatever it is part of, so that a row tells where it
 * came from even when a stray quote made a record of the middle of another one.
 */
import type { Scheduler } from "./scheduler.ts";

/** What the records of a split may be like. */
export interface TextOptions {
  readonly format: "csv" | "jsonl";
  readonly records: number;
  readonly maxRecordBytes: number;
  /** Share of the records that are malformed. */
  readonly malformed: number;
  /**
   * What splitters guess wrong: unclosed quotes, then stretches without any for longer than a record may be, then fields
   * with line ends.
   */
  readonly quoted: boolean;
  /** Share of the records whose note the transform has something to say about. */
  readonly spoken: number;
  /** Share of the records that end their thread. */
  readonly deadly: number;
  /** Share of the records that the sink refuses. */
  readonly refused: number;
}

const SPOKEN = ["drop", "empty", "twin", "twin", "refuse", "throw", "nothing"] as const;
const DEADLY = ["crash", "crash", "hang"] as const;
/** Notes that the sink's check constraint refuses; a `twin` both of whose rows are bad, too. */
const REFUSED = ["forbidden", "twin forbidden"] as const;

/** The lines of one split, as chunks of text that each are meant to be one record. */
export class SplitText {
  readonly #scheduler: Scheduler;
  readonly #split: number;
  readonly #options: TextOptions;
  #line = 0;
  #quiet: boolean;
  #usedNumbers: number[] = [];

  constructor(scheduler: Scheduler, split: number, options: TextOptions) {
    this.#scheduler = scheduler;
    this.#split = split;
    this.#options = options;
    this.#quiet = options.quoted;
  }

  /** The texts of all records, each with its line end. */
  records(): readonly string[] {
    const texts = Array.from({ length: this.#options.records }, () => this.#record());
    const last = texts.at(-1);
    // A file may end without a line end.
    if (last !== undefined && this.#scheduler.chance(0.3)) texts[texts.length - 1] = last.replace(/\r?\n$/, "");
    return texts;
  }

  #record(): string {
    const { format, malformed } = this.#options;
    const bad = this.#scheduler.chance(malformed);
    if (format === "jsonl") return bad ? this.#badLine() : this.#goodLine();
    return bad ? this.#badRow() : this.#goodRow();
  }

  #goodRow(): string {
    const note = this.#note();
    const inQuotes = /[",\n]/.test(note) || (!this.#quiet && this.#scheduler.chance(0.1));
    const field = inQuotes ? `"${note.replaceAll('"', '""')}"` : note;
    return `${this.#tag()},${this.#number()},${this.#retagged(field)}${this.#lineEnd()}`;
  }

  #badRow(): string {
    const head = (): string => `${this.#tag()},${this.#number()}`;
    switch (this.#options.quoted && this.#scheduler.chance(0.7) ? 1 : this.#scheduler.between(0, 8)) {
      case 0:
        return `${head()},a "stray quote\n`;
      case 1:
        return `${head()},"unclosed\n`;
      case 2:
        return `${head()}\n`;
      case 3:
        return `${this.#tag()},not a number,x\n`;
      case 4:
        return `${head()},${"y".repeat(this.#options.maxRecordBytes + this.#scheduler.between(1, 1_500))}\n`;
      case 5:
        return `${head()},"closed" and more\n`;
      case 6:
        return `${head()},x,too,many\n`;
      case 7:
        return "\n";
      default:
        return `${head()},"${"z".repeat(this.#options.maxRecordBytes)}${this.#retagged("\nq")}"\n`;
    }
  }

  #goodLine(): string {
    const record = { id: this.#tag(), n: this.#number(), note: this.#note().replaceAll("\n", " ") };
    const text = JSON.stringify(record);
    return `${this.#scheduler.chance(0.2) ? text.replace(":", " : ") : text}${this.#lineEnd()}`;
  }

  #badLine(): string {
    switch (this.#scheduler.between(0, 4)) {
      case 0:
        return `{"id":"${this.#tag()}","n":\n`;
      case 1:
        return `{"id":"${this.#tag()}","n":"not a number","note":"x"}\n`;
      case 2:
        return `{"id":"${this.#tag()}","note":"${"y".repeat(this.#options.maxRecordBytes)}"}\n`;
      case 3:
        return " \n";
      default:
        return `{"id":"${this.#tag()}"} more\n`;
    }
  }

  #note(): string {
    const { spoken, deadly, refused, quoted, maxRecordBytes } = this.#options;
    const scheduler = this.#scheduler;
    if (scheduler.chance(deadly)) return pick(scheduler, DEADLY);
    if (scheduler.chance(refused)) return pick(scheduler, REFUSED);
    if (scheduler.chance(spoken)) return `${pick(scheduler, SPOKEN)} ${scheduler.between(0, 9)}`;
    if (quoted) return this.#quotedNote();
    switch (scheduler.between(0, 9)) {
      case 0:
        return 'commas, and "quotes"';
      case 1:
        return "one\ntwo";
      case 2:
        return "x".repeat(Math.floor(maxRecordBytes * 0.9) - 40);
      default:
        return "plain".repeat(scheduler.between(1, 6));
    }
  }

  #quotedNote(): string {
    if (this.#scheduler.chance(0.06)) this.#quiet = !this.#quiet;
    return this.#quiet ? "quiet".repeat(this.#scheduler.between(1, 8)) : "one\ntwo\nthree";
  }

  /** Gives every further line of a field its own tag; a comma behind it keeps it apart as a field. */
  #retagged(field: string): string {
    return field.replaceAll("\n", () => `\n${this.#tag()},`);
  }

  #tag(): string {
    return `s${this.#split}#${this.#line++}`;
  }

  /** Mostly new, sometimes one that the split had before: a unique column refuses it. */
  #number(): number {
    const old = pick(this.#scheduler, this.#usedNumbers);
    if (old !== undefined && this.#scheduler.chance(this.#options.refused)) return old;
    const number = this.#split * 10_000 + this.#usedNumbers.length;
    this.#usedNumbers.push(number);
    return number;
  }

  #lineEnd(): string {
    return this.#scheduler.chance(0.1) ? "\r\n" : "\n";
  }
}

function pick<T>(scheduler: Scheduler, list: readonly T[]): T {
  return list[scheduler.between(0, list.length - 1)] as T;
}
