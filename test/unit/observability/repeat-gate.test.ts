import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LogEntry } from "../../../src/observability/log-entry.ts";
import { RepeatGate } from "../../../src/observability/repeat-gate.ts";

const step = fc.record({ after: fc.nat(20_000), sink: fc.constantFrom("a", "b"), job: fc.constantFrom("x", "y") });

describe("RepeatGate", () => {
  it("stands for every line once, and writes few of a kind in a minute", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const gate = new RepeatGate();
        const written: LogEntry[] = [];
        let at = 0;
        for (const { after, sink, job } of steps) {
          at += after;
          const entry = { level: "warn", at, job, run: "r", message: "retrying", fields: { sink } } as const;
          written.push(...gate.pass(entry));
        }
        written.push(...gate.due(at + 60_000));
        const lines = written.map(({ fields }) => Number(fields["repeated"] ?? 1));
        expect(lines.reduce((sum, count) => sum + count, 0)).toBe(steps.length);
        for (const kind of Map.groupBy(written, ({ job, fields }) => `${job} ${String(fields["sink"])}`).values()) {
          const plain = kind.filter(({ fields }) => fields["repeated"] === undefined);
          // Two windows may touch, so any minute holds at most two windows' lines.
          for (const { at: from } of plain)
            expect(plain.filter((line) => line.at >= from && line.at < from + 60_000).length).toBeLessThanOrEqual(10);
        }
      }),
      { numRuns: 200 },
    );
  });
});
