/** The work of config/orders.ts for contenders that are not millrace: from a record of strings to a row, or null. */

/** A record as a CSV library gives it. */
export type OrderRecord = Readonly<
  Record<
    "id" | "customer_id" | "created_at" | "country" | "category" | "quantity" | "unit_price" | "note" | "email",
    string
  >
>;

/** A row of the table, in the order of its columns. */
export interface OrderRow {
  readonly id: number;
  readonly customer_id: string;
  readonly created_at: Date;
  readonly country: string;
  readonly category: string;
  readonly amount: string;
  readonly note: string;
  readonly email: string;
}

const EMAIL = /^[^@\s]+@[^@\s]+\.[^@\s]+$/;

/** The row, or null if the record is to be rejected. */
export function orderRow(order: OrderRecord): OrderRow | null {
  if (!EMAIL.test(order.email)) return null;
  const created_at = new Date(order.created_at);
  if (Number.isNaN(created_at.getTime())) return null;
  const { customer_id, country, note, email } = order;
  const cents = Number(order.quantity) * Math.round(Number(order.unit_price) * 100);
  const amount = (cents / 100).toFixed(2);
  return {
    id: Number(order.id),
    customer_id,
    created_at,
    country,
    category: order.category.toUpperCase(),
    amount,
    note,
    email,
  };
}
