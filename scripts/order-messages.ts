/** Orders as JSON messages of about 210 bytes, for the demo and the benchmarks of Kafka: the same id is always the same order. */

const CATEGORIES = ["books", "toys", "garden", "beauty"] as const;
const COUNTRIES = ["DE", "FR", "GB", "US", "NL", "ES", "IT", "PL", "SE", "JP", "BR", "IN"] as const;
const FIRST_SECOND = Date.UTC(2024, 0, 1) / 1_000;
const YEAR_IN_SECONDS = 365 * 86_400;
/** Every so many orders have an e-mail address that is none. */
const BAD_EMAIL_EVERY = 100;

/**
 * One order.
 *
 * @param id from 1 on
 * @example
 * orderMessage(7); // '{"id":7,"customer_id":"...","country":"PL",...}'
 */
export function orderMessage(id: number): string {
  const mixed = scrambled(id);
  const cents = mixed % 50_000;
  return JSON.stringify({
    id,
    customer_id: `${hex(mixed, 8)}-1b2c-4d3e-a4f5-${hex(id, 12)}`,
    created_at: new Date((FIRST_SECOND + (mixed % YEAR_IN_SECONDS)) * 1_000).toISOString().replace(".000", ""),
    country: COUNTRIES[id % COUNTRIES.length],
    category: CATEGORIES[mixed % CATEGORIES.length],
    quantity: 1 + (mixed % 50),
    unit_price: `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, "0")}`,
    note: "",
    email: isBadEmail(id) ? `c${id} at example` : `c${id}@example.org`,
  });
}

/** Whether the order of this id has an e-mail address that is none. */
export function isBadEmail(id: number): boolean {
  return id % BAD_EMAIL_EVERY === 0;
}

/** Spreads neighbours over 32 bits; Knuth's multiplicative hashing. */
function scrambled(id: number): number {
  return Math.imul(id, 2_654_435_761) >>> 0;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}
