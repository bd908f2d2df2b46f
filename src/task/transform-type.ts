/** The type of a user's transform. */
import type { DataRecord } from "../core/record.ts";
import type { TransformContext } from "./transform-context.ts";

/**
 * A transform in record mode. It returns a record, several records as an array, or null to filter the record out;
 * `context.reject(reason)` rejects it, and returning nothing is an error.
 *
 * @example
 * const transform: Transform<Order> = (order) => ({ ...order, total: order.price * order.quantity });
 * export default transform;
 */
export type Transform<In = DataRecord, Out extends object = object> = (
  record: In,
  context: TransformContext,
) => Out | readonly Out[] | null;
