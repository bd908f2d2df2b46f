/** What a transform puts in a record's place to reject it, where throwing would take other records with it. */

/** Found by every copy of this module: the user's own installation of millrace may be another one than the runtime's. */
const BRAND: unique symbol = Symbol.for("millrace.rejection") as never;

/** A record that its transform rejects; made by {@link reject}. */
export interface Rejection {
  readonly [BRAND]: string;
}

/**
 * Rejects one record of a chunk: the result to give in its place. It is kept with its bytes and this reason, and the run
 * goes on.
 *
 * @example
 * export const transformChunk: ChunkTransform<Order> = (orders) =>
 *   orders.map((order) => (order.quantity > 0 ? order : reject("no quantity")));
 */
export function reject(reason: string): Rejection {
  return { [BRAND]: String(reason) };
}

/** The reason of a rejection; undefined for everything else. */
export function reasonOf(result: unknown): string | undefined {
  if (typeof result !== "object" || result === null || !Object.hasOwn(result, BRAND)) return undefined;
  return (result as Rejection)[BRAND];
}
