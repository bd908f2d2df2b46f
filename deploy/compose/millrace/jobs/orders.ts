/** What becomes of an order: its amount instead of quantity and price; an order of nothing is a reject. */
interface Order {
  readonly id: number;
  readonly customer_id: string;
  readonly created_at: Date;
  readonly quantity: number;
  /** Exact digits: money is never read as a floating-point number. */
  readonly unit_price: string;
}

export const validate = ({ quantity }: Order): true | string => quantity > 0 || "no quantity";

/** Whole cents are exact as numbers, so the amount is too. */
export default ({ id, customer_id, created_at, quantity, unit_price }: Order) => ({
  id,
  customer_id,
  created_at,
  amount: ((quantity * Math.round(Number(unit_price) * 100)) / 100).toFixed(2),
});
