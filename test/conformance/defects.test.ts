/** The cases themselves: connectors with one defect each, and the case that finds it. */
import { expect, test } from "vitest";
import type { BoundSink, SinkUnit, SinkWriter } from "../../src/core/ports/sink.ts";
import type { BoundSource, ByteReader } from "../../src/core/ports/source.ts";
import { bindSink, bindSource } from "../../src/spi/bind.ts";
import type { ConformanceCase } from "../../src/spi/conformance/case.ts";
import { sinkCases } from "../../src/spi/conformance/sink-cases.ts";
import { sourceCases } from "../../src/spi/conformance/source-cases.ts";
import { MemorySink } from "../../src/testing/memory-sink.ts";
import { MemorySource } from "../../src/testing/memory-source.ts";
import { wrapped } from "../../src/testing/wrapped.ts";

const nothing = { [Symbol.asyncDispose]: async () => {} };

/** The names of the cases that do not hold. */
async function failing(cases: readonly ConformanceCase[]): Promise<string> {
  const names: string[] = [];
  for (const { name, run } of cases) await run().catch(() => names.push(name));
  return names.join("\n");
}

const sinkDefects: readonly [string, (writer: SinkWriter) => Partial<SinkWriter>, RegExp][] = [
  [
    "a claim that leaves the epoch",
    (writer) => ({
      claim: async (claims) => {
        const rows = (await writer.claim?.(claims)) ?? [];
        return rows.map((row) => ({ ...row, epoch: 1 }));
      },
    }),
    /a claim raises the epoch/,
  ],
  [
    "a claim that forgets",
    (writer) => ({ progress: async () => [], claim: async (claims) => fresh(await writer.claim?.(claims)) }),
    /taken up again/,
  ],
  [
    "a commit that compares nothing",
    (writer) => ({
      begin: async (mode, columns) => {
        const unit = await writer.begin(mode, columns);
        return unitWith(unit, {
          commit: async (advances, rejects) => {
            const rows = (await writer.progress?.()) ?? [];
            const now = (split: string) => rows.find((row) => row.split === split);
            const forced = advances.map((one) => ({
              ...one,
              epoch: now(one.split)?.epoch ?? 0,
              from: now(one.split)?.position.ordinal ?? 0n,
            }));
            await unit.commit(forced, rejects);
          },
        });
      },
    }),
    /superseded is fenced off[\s\S]*does not go on exactly/,
  ],
  [
    "a rollback that commits",
    (writer) => ({
      begin: async (mode, columns) => {
        const unit = await writer.begin(mode, columns);
        return unitWith(unit, { rollback: () => unit.commit([], []) });
      },
    }),
    /rolled back leaves nothing/,
  ],
  [
    "careful mode that is fast",
    (writer) => ({ begin: (_mode, columns) => writer.begin("fast", columns) }),
    /careful unit names/,
  ],
];

function fresh(rows: Awaited<ReturnType<NonNullable<SinkWriter["claim"]>>> = []) {
  return rows.map((row) => ({ ...row, position: { ordinal: 0n, token: "0" } }));
}

function unitWith(unit: SinkUnit, changes: Partial<SinkUnit>): SinkUnit {
  return wrapped(unit, changes);
}

test.each(sinkDefects)("sinkCases() find %s", async (_, defect, expected) => {
  const broken = (bound: BoundSink): BoundSink =>
    wrapped(bound, {
      open: async (session) => {
        const writer = await bound.open(session);
        return wrapped(writer, defect(writer));
      },
    });
  const refuse = (row: unknown): string | undefined => ((row as { id: number }).id < 0 ? "below zero" : undefined);
  const cases = sinkCases({
    open: async () => ({ table: new MemorySink({ refuse }), ...nothing }),
    bind: async ({ table }) => broken(await bindSink(table)),
    record: (id) => ({ id }),
    refused: () => ({ id: -1 }),
    seen: async ({ table }) => table.records.map((row) => (row as { id: number }).id),
  });
  expect(await failing(cases)).toMatch(expected);
});

const sourceDefects: readonly [string, (source: BoundSource) => Partial<BoundSource>, RegExp][] = [
  [
    "a source that begins anew wherever it is opened",
    (source) => ({ open: (split, _from, signal) => source.open(split, { ordinal: 0n, token: split.origin }, signal) }),
    /every border/,
  ],
  [
    "a source that knows no fingerprint",
    (source) => ({
      open: ({ fingerprint: _fingerprint, ...split }, from, signal) => source.open(split, from, signal),
    }),
    /no longer what a run began with/,
  ],
  [
    "a source that loses a byte between two reads",
    (source) => ({
      open: async (split, from, signal) => {
        const reader = (await source.open(split, from, signal)) as ByteReader;
        return wrapped(reader, {
          read: async (into) => {
            const read = await reader.read(into);
            if (read > 6) await reader.read(new Uint8Array(1));
            return read;
          },
        });
      },
    }),
    /reads alike each time/,
  ],
  [
    "a source that nobody can stop",
    (source) => ({ open: (split, from) => source.open(split, from, new AbortController().signal) }),
    /aborted/,
  ],
  [
    "a source that calls a known split new",
    (source) => ({
      continueFrom: async () =>
        wrapped(source, { splits: source.splits.map((split) => ({ ...split, id: `${split.id}#2` })) }),
    }),
    /a later run finds what is new/,
  ],
];

test.each(sourceDefects)("sourceCases() find %s", async (_, defect, expected) => {
  const cases = sourceCases({
    open: async () => ({
      source: new MemorySource({ a: [{ id: 1 }, { id: 2 }, { id: 3 }] }, { incremental: true }),
      ...nothing,
    }),
    bind: async ({ source }) => {
      const bound = await bindSource(source);
      return wrapped(bound, defect(bound));
    },
    change: async ({ source }) => source.set("a", [{ id: 9 }, { id: 2 }, { id: 3 }]),
    append: async ({ source }) => source.append("a", [{ id: 4 }]),
  });
  expect(await failing(cases)).toMatch(expected);
});
