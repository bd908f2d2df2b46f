/**
 * Sample orders as CSV, any number of them, always the same ones: quoted notes with commas, doubled quotes and line
 * ends, names beyond ASCII, one bad e-mail address in a hundred.
 *
 *     node scripts/generate-orders.ts <rows> <file>
 */
import { closeSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { type Random, seededRandom } from "../src/core/random.ts";

/** What to generate. */
export interface OrdersRequest {
  readonly rows: number;
  /** Visible only when it is complete. */
  readonly file: string;
  readonly seed?: number;
}

/** What was generated. */
export interface GeneratedOrders {
  readonly bytes: number;
  /** Rows whose e-mail address is none. */
  readonly badEmails: number;
}

const HEADER = "id,customer_id,created_at,country,category,quantity,unit_price,currency,note,email\n";
const ROWS_PER_WRITE = 10_000;
const FIRST_DAY = Date.UTC(2023, 0, 1);
const TWO_YEARS_MS = 2 * 365 * 86_400_000;

const COUNTRIES = ["DE", "FR", "GB", "US", "NL", "ES", "IT", "PL", "SE", "JP", "BR", "IN"] as const;
const CATEGORIES = [
  "electronics",
  "books",
  "garden",
  "toys",
  "grocery",
  "sports",
  "clothing",
  "home & living",
  "beauty",
  "automotive",
] as const;
const CURRENCIES = ["EUR", "USD", "GBP", "SEK", "JPY"] as const;
const NOTE_WORDS = [
  ..."please deliver after noon leave at the door ring twice gift wrap fragile urgent standard".split(" "),
  ..."call before arrival side entrance second yard Müllerstraße café naïve Ærø 東京 coöperate".split(" "),
];
const FIRST_NAMES = "anna ben carla david eva finn greta hugo ida jonas kim lena max nora oskar paul rosa sam".split(
  " ",
);
const DOMAINS = ["example.com", "mail.example.org", "post.example.net", "shop.example.io"] as const;

/** Writes the file; the same request always gives the same bytes. */
export function generateOrders({ rows, file, seed = 1 }: OrdersRequest): GeneratedOrders {
  const maker = new OrderMaker(seededRandom(seed));
  mkdirSync(path.dirname(file), { recursive: true });
  const unfinished = `${file}.part`;
  const descriptor = openSync(unfinished, "w");
  let bytes = writeSync(descriptor, HEADER);
  for (let id = 1; id <= rows; id += ROWS_PER_WRITE) {
    let text = "";
    const end = Math.min(rows, id + ROWS_PER_WRITE - 1);
    for (let row = id; row <= end; row++) text += maker.row(row);
    bytes += writeSync(descriptor, text);
  }
  closeSync(descriptor);
  renameSync(unfinished, file);
  return { bytes, badEmails: maker.badEmails };
}

class OrderMaker {
  readonly #random: Random;
  badEmails = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  row(id: number): string {
    const created = new Date(FIRST_DAY + this.#below(TWO_YEARS_MS)).toISOString();
    const quantity = 1 + this.#below(50);
    const cents = this.#below(50_000);
    const price = `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, "0")}`;
    const [country, category, currency] = [this.#one(COUNTRIES), this.#one(CATEGORIES), this.#one(CURRENCIES)];
    return `${id},${this.#uuid()},${created},${country},${category},${quantity},${price},${currency},${this.#note()},${this.#email()}\n`;
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #one(choices: readonly string[]): string {
    return choices[this.#below(choices.length)] ?? "";
  }

  #hex(digits: number): string {
    return this.#below(16 ** digits)
      .toString(16)
      .padStart(digits, "0");
  }

  /** A random UUID, version 4. */
  #uuid(): string {
    return `${this.#hex(8)}-${this.#hex(4)}-4${this.#hex(3)}-a${this.#hex(3)}-${this.#hex(6)}${this.#hex(6)}`;
  }

  /** Five in a hundred need quotes: for a comma, for quotes, for a line end. */
  #note(): string {
    let note = "";
    for (let words = this.#below(6); words > 0; words--) note += (note === "" ? "" : " ") + this.#one(NOTE_WORDS);
    const kind = this.#below(100);
    if (kind < 2) return `"${note}, second floor"`;
    if (kind < 4) return `"${note}, see ""terms"" inside"`;
    return kind < 5 ? `"${note}\nsecond line, too"` : note;
  }

  /** One in a hundred is none: empty, without an at sign, or without a domain. */
  #email(): string {
    const name = `${this.#one(FIRST_NAMES)}.${this.#below(100_000)}`;
    const domain = this.#one(DOMAINS);
    if (this.#below(100) > 0) return `${name}@${domain}`;
    this.badEmails++;
    return this.#one(["", `${name} at ${domain}`, `${name}@`]);
  }
}

function main(): void {
  const { positionals } = parseArgs({ allowPositionals: true });
  const [rows = "", file] = positionals;
  if (!/^\d+$/.test(rows) || file === undefined) {
    console.error("usage: node scripts/generate-orders.ts <rows> <file>");
    process.exitCode = 2;
    return;
  }
  const { bytes, badEmails } = generateOrders({ rows: Number(rows), file });
  console.log(`${file}: ${rows} orders, ${bytes} bytes, ${badEmails} bad e-mail addresses`);
}

if (import.meta.main) main();
