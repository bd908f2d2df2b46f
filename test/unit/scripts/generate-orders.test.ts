import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { parse } from "csv-parse/sync";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generateOrders } from "../../../scripts/generate-orders.ts";

const EMAIL = /^[^@\s]+@[^@\s]+\.[^@\s]+$/;
const UUID = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-a[\da-f]{3}-[\da-f]{12}$/;

interface Order {
  readonly id: string;
  readonly customer_id: string;
  readonly created_at: string;
  readonly quantity: string;
  readonly unit_price: string;
  readonly note: string;
  readonly email: string;
}

describe("generateOrders()", () => {
  const rows = 12_345;
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), "millrace-orders-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function generate(name: string, seed?: number) {
    const file = path.join(folder, name);
    const made = generateOrders({ rows, file, ...(seed === undefined ? {} : { seed }) });
    return { ...made, text: readFileSync(file, "utf8") };
  }

  it("makes orders that a strict reader takes, with the promised faults", () => {
    const { text, bytes, badEmails } = generate("orders.csv");
    const orders: readonly Order[] = parse(text, { columns: true });
    expect(orders).toHaveLength(rows);
    expect(Buffer.byteLength(text)).toBe(bytes);
    expect(orders.filter(({ email }) => !EMAIL.test(email))).toHaveLength(badEmails);
    expect(badEmails / rows).toBeCloseTo(0.01, 2);
    expect(orders.every(({ id }, index) => Number(id) === index + 1)).toBe(true);
    expect(orders.every(({ customer_id }) => UUID.test(customer_id))).toBe(true);
    expect(orders.every(({ created_at }) => new Date(created_at).toISOString() === created_at)).toBe(true);
    expect(orders.every(({ quantity, unit_price }) => /^\d+$/.test(quantity) && /^\d+\.\d\d$/.test(unit_price))).toBe(
      true,
    );
    expect(orders.filter(({ note }) => note.includes(",")).length / rows).toBeCloseTo(0.05, 2);
    for (const part of ["\n", '"terms"', "Müllerstraße", "東京"])
      expect(orders.some(({ note }) => note.includes(part))).toBe(true);
  });

  it("makes the same bytes from the same seed, others from another", () => {
    const { text } = generate("a.csv", 7);
    expect(generate("b.csv", 7).text === text).toBe(true);
    expect(generate("c.csv", 8).text === text).toBe(false);
  });

  it("makes the same first orders whatever their number", () => {
    const file = path.join(folder, "few.csv");
    generateOrders({ rows: 100, file });
    expect(generate("many.csv").text.startsWith(readFileSync(file, "utf8"))).toBe(true);
  });
});
