import type { Transform } from "millrace";

interface Order {
  id: number;
  customer_id: string;
  created_at: Date;
  country: string;
  category: string;
  quantity: number;
  /** Exact digits: money is never read as a floating-point number. */
  unit_price: string;
  note: string;
  email: string;
}

const EMAIL = /^[^@\s]+@[^@\s]+\.[^@\s]+$/;

const transform: Transform<Order> = (order, context) => {
  if (!EMAIL.test(order.email)) context.reject("bad e-mail");
  const { id, customer_id, created_at, country, note, email } = order;
  const category = order.category.toUpperCase();
  return { id, customer_id, created_at, country, category, amount: amountOf(order), note, email };
};
export default transform;

/** Whole cents are exact as numbers, so the amount is too. */
function amountOf({ quantity, unit_price }: Order): string {
  const cents = quantity * Math.round(Number(unit_price) * 100);
  return (cents / 100).toFixed(2);
}
