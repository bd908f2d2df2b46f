import { describe, expect, it } from "vitest";
import { painter } from "../../../src/observability/palette.ts";
import { renderHeader } from "../../../src/observability/run-header.ts";
import { started } from "./run-script.ts";

const plain = painter(false);

describe("renderHeader()", () => {
  it("says what flows where", () => {
    expect(renderHeader(started(), plain)).toBe("orders  data/orders.csv -> orders.ts -> postgres orders");
  });

  it("leaves out a transform that is not there and keeps secrets", () => {
    const event = started({ transform: null, sinks: { a: "postgres t (postgres://u:pw@h/d)", b: "out.csv" } });
    expect(renderHeader(event, plain)).toBe("orders  data/orders.csv -> postgres t (postgres://u:***@h/d) + out.csv");
  });

  it("says from where a run goes on", () => {
    const resumed = { split: "orders-2.csv", token: "311427072", read: 2_260_112, bytes: 311_427_072 };
    expect(renderHeader(started({ resumed }), plain)).toBe(
      "orders  resuming run 01J9ZK: orders-2.csv from byte 311,427,072 (record 2,260,113); 2,260,112 already done",
    );
    const other = { split: "items", token: "page:7", read: 0, bytes: 0 };
    expect(renderHeader(started({ resumed: other }), plain)).toContain("items from page:7 (record 1); 0 already done");
  });

  it("makes the job's name bold where colours are welcome", () => {
    expect(renderHeader(started(), painter(true))).toContain("\u001B[1morders\u001B[22m  data");
  });
});
