/** The types of a user's transform, one for each mode. */
import type { DataRecord } from "../core/record.ts";
import type { Rejection } from "./rejection.ts";
import type { AsyncContext, ChunkContext, TransformContext } from "./transform-context.ts";

/** What becomes of one record: an output, several, or nothing. */
type Result<Out extends object> = Out | readonly Out[] | null;

/**
 * A transform in mode record. It returns a record, several records as an array, or null to filter the record out;
 * `context.reject(reason)` rejects it, and returning nothing is an error.
 *
 * @example
 * const transform: Transform<Order> = (order) => ({ ...order, total: order.price * order.quantity });
 * export default transform;
 */
export type Transform<In = DataRecord, Out extends object = object, Resources = unknown> = (
  record: In,
  context: TransformContext<Resources>,
) => Result<Out> | Rejection;

/**
 * A transform in mode chunk. It is given all records of a chunk and returns a result for each, in their order; a result is
 * what mode record returns, or `reject(reason)`. Where chunks are cut means nothing. When it throws it is called again
 * with fewer records, down to the one at fault.
 *
 * @example
 * export const transformChunk: ChunkTransform<Order> = (orders) =>
 *   orders.map((order) => (order.quantity > 0 ? order : reject("no quantity")));
 */
export type ChunkTransform<In = DataRecord, Out extends object = object, Resources = unknown> = (
  records: readonly In[],
  context: ChunkContext<Resources>,
) => readonly (Result<Out> | Rejection)[];

/**
 * A transform in mode async: as in mode record, and waited for while it is called with others.
 *
 * @example
 * const transform: AsyncTransform<Order> = async (order, { signal }) => {
 *   const reply = await fetch(`https://rates.example/${order.currency}`, { signal });
 *   return { ...order, rate: Number(await reply.text()) };
 * };
 * export default transform;
 */
export type AsyncTransform<In = DataRecord, Out extends object = object, Resources = unknown> = (
  record: In,
  context: AsyncContext<Resources>,
) => Promise<Result<Out> | Rejection>;
