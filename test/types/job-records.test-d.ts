/** What TypeScript tells authors of jobs; the type check is the test. */
import {
  type AsyncTransform,
  type ChunkTransform,
  type ColumnTransform,
  type DataRecord,
  defineJob,
  type Job,
  type RecordOf,
  reject,
  type Transform,
} from "millrace";
import { expectTypeOf } from "vitest";

const files = { source: { type: "file", path: "in.csv" }, sink: { type: "file", path: "out.jsonl" } } as const;

const job = defineJob({
  ...files,
  name: "orders",
  columns: {
    id: { type: "int", nullable: false },
    serial: { type: "bigint", nullable: false },
    price: "decimal",
    name: "string",
    nick: { type: "string", nullable: true },
    placed_at: { type: "timestamp", nullable: false, formats: ["ISO"], timezone: "UTC" },
    due: "date",
    paid: "boolean",
    ratio: "float",
    details: "json",
    "Order ID": { type: "uuid", nullable: false },
  },
  rename: { "Order ID": "order_id" },
});
type Order = RecordOf<typeof job>;

expectTypeOf<Order["id"]>().toEqualTypeOf<number>();
expectTypeOf<Order["serial"]>().toEqualTypeOf<bigint>();
expectTypeOf<Order["price"]>().toEqualTypeOf<string | null>();
expectTypeOf<Order["name"]>().toEqualTypeOf<string>();
expectTypeOf<Order["nick"]>().toEqualTypeOf<string | null>();
expectTypeOf<Order["placed_at"]>().toEqualTypeOf<Date>();
expectTypeOf<Order["due"]>().toEqualTypeOf<string | null>();
expectTypeOf<Order["paid"]>().toEqualTypeOf<boolean | null>();
expectTypeOf<Order["ratio"]>().toEqualTypeOf<number | null>();
expectTypeOf<Order["details"]>().toEqualTypeOf<unknown>();
expectTypeOf<Order["order_id"]>().toEqualTypeOf<string>();
expectTypeOf<Order["an undeclared one"]>().toEqualTypeOf<unknown>();
expectTypeOf(job).toExtend<Job>();

const untyped = defineJob({ ...files, name: "plain" });
expectTypeOf<RecordOf<typeof untyped>["whatever"]>().toEqualTypeOf<unknown>();
expectTypeOf<RecordOf<Job>>().toEqualTypeOf<DataRecord>();

// @ts-expect-error a column of no type that there is
defineJob({ ...files, name: "wrong", columns: { id: "integer" } });
// @ts-expect-error a key that a job does not have
defineJob({ ...files, name: "wrong", sinc: {} });

const each: Transform<Order, { id: number }> = (order, context) => {
  expectTypeOf(context.line).toEqualTypeOf<number | undefined>();
  if (order.id === 0) return null;
  if (order.id === 1) return [{ id: 1 }, { id: 2 }];
  return order.paid === true ? { id: order.id } : context.reject("not paid");
};
// @ts-expect-error an output without its field
const wrongOutput: Transform<Order, { id: number }> = () => ({ name: "" });
// @ts-expect-error nothing is returned
const nothing: Transform<Order> = () => {};
// @ts-expect-error only mode async can wait
const promised: Transform<Order, { id: number }> = async ({ id }) => ({ id });

const together: ChunkTransform<Order> = (orders, { lineOf }) =>
  orders.map((order, index) => (order.id > 0 ? { id: order.id, line: lineOf(index) } : reject("no id")));
// @ts-expect-error no array
const single: ChunkTransform<Order> = (orders) => orders[0] ?? {};

const waiting: AsyncTransform<Order, { id: number }, { url: string }> = async (order, { signal, resources }) => {
  expectTypeOf(resources).toEqualTypeOf<{ url: string }>();
  const reply = await fetch(resources.url, { signal });
  return reply.ok ? { id: order.id } : null;
};

const vectors: ColumnTransform<Pick<Order, "id" | "serial" | "placed_at" | "name" | "paid">> = ({
  length,
  columns,
  nulls,
}) => {
  expectTypeOf(columns.id).toEqualTypeOf<Float64Array<ArrayBuffer>>();
  expectTypeOf(columns.serial).toEqualTypeOf<BigInt64Array<ArrayBuffer>>();
  expectTypeOf(columns.placed_at).toEqualTypeOf<Float64Array<ArrayBuffer>>();
  expectTypeOf(columns.name).toEqualTypeOf<string[]>();
  expectTypeOf(columns.paid).toEqualTypeOf<Uint8Array<ArrayBuffer>>();
  expectTypeOf(nulls.paid).toEqualTypeOf<Uint8Array | undefined>();
  return {
    columns: { id: columns.id, seen: new Float64Array(length) },
    types: { seen: "timestamp" },
    keep: columns.paid,
  };
};

export type Checked = [
  typeof each,
  typeof wrongOutput,
  typeof nothing,
  typeof promised,
  typeof together,
  typeof single,
  typeof waiting,
  typeof vectors,
];
