/** Asks the local service for every order; the address stands in BENCH_SERVICE. */
import type { AsyncTransform } from "millrace";

type Order = { id: number; email: string };

const service = process.env["BENCH_SERVICE"] ?? "";

const transform: AsyncTransform<Order> = async ({ id, email }) => {
  const reply = await fetch(`${service}/rate?id=${id}`);
  const { rate } = (await reply.json()) as { rate: number };
  return { id, email, rate };
};
export default transform;
