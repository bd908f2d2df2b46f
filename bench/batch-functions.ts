/** What the batches do with each item: nearly nothing, a little, and about 20 us of work. */
import { createHash } from "node:crypto";

/** An item of the second kind. */
export interface Line {
  readonly id: number;
  readonly price: number;
  readonly quantity: number;
}

const BLOCK = Buffer.alloc(32 * 1024, "millrace");

export const double = (item: number): number => item * 2;

export const total = ({ id, price, quantity }: Line): { id: number; total: number } => ({
  id,
  total: price * quantity,
});

export const hash = (item: number): string => createHash("sha256").update(BLOCK).update(String(item)).digest("base64");
