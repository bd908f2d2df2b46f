/**
 * Writes rows as COPY text and as binary COPY into tables of a real Postgres, which must then hold the same; reads them back as
 * the source would, and what is read must be what went in, and once more the same table when it is written again.
 */
import { isDeepStrictEqual } from "node:util";
import type { EncodeSpec } from "../../src/core/ports/format.ts";
import { Dice } from "./dice.ts";
import type { Fate } from "./fate.ts";
import { type FuzzJob, formatsWith } from "./job.ts";
import type { Server } from "./loading.ts";
import { CapturedOutputs, readsAs } from "./read-back.ts";
import { drawRecords } from "./source-file.ts";
import { drawDeclared, drawTable, type TableColumn, textsFor } from "./table.ts";
import { drawTransform } from "./transform.ts";
import { walk, type Way } from "./walk.ts";

/** The seeds of round trips draw other things than those of codecs. */
const SALT = 0x7ab1e;
const WHOLE = [1_000_000];
/** With which tables are read. */
const PLAIN_SETTINGS = [
  ["timezone", "UTC"],
  ["datestyle", "ISO, MDY"],
] as const;

/** A row that only the server can read is followed by binary ones, so that all of them are tried. */
const ONE_BY_ONE: Way = { name: "one by one", generateAfter: 2, passes: false, format: formatsWith({ stretch: 0 }) };

/** What differs, in words; nothing where all is well. */
export async function fuzzRoundTrip(seed: number, server: Server): Promise<readonly string[]> {
  const dice = new Dice(seed ^ SALT);
  const table = drawTable(dice);
  const outputs = new CapturedOutputs();
  const job = drawLoad(table, dice, outputs);
  const settings = [
    ["timezone", dice.pick(["UTC", "UTC", "America/New_York", "Asia/Kolkata"])],
    ["datestyle", dice.pick(["ISO, MDY", "ISO, MDY", "SQL, DMY", "German"])],
  ] as const;
  const findings = await server.withTables(["by_text", "by_binary", "again"], table, async () => {
    for (const [name, value] of settings) await server.set(name, value);
    return compareLoads(job, table, outputs, server);
  });
  const what = `${JSON.stringify(table.map(({ sql }) => sql))} ${JSON.stringify(settings)} from ${JSON.stringify(job.source.spec)}`;
  const text = JSON.stringify(Buffer.from(job.source.bytes).toString("latin1"));
  return findings.map((finding) => `${what}\n    ${text}\n    ${finding}`);
}

function drawLoad(table: readonly TableColumn[], dice: Dice, outputs: CapturedOutputs): FuzzJob {
  const declared = drawDeclared(table, dice);
  const columns = Object.fromEntries(declared.filter(() => dice.chance(0.8)));
  const names = table.map(({ name }) => name);
  const odd = dice.pick([0.005, 0.03, 0.3]);
  const drawn = { names, columns, maxRecordBytes: 20_000, rows: dice.between(1, 20), odd, texts: textsFor(table) };
  // texts fit the columns, also where nothing is declared
  const source = drawRecords(
    dice.pick(["csv", "csv", "jsonl"] as const),
    { ...drawn, columns: Object.fromEntries(declared) },
    dice,
  );
  const transform = dice.chance(0.6) ? drawTransform(names, names, dice) : (record: unknown) => record;
  return {
    source: { ...source, spec: { ...source.spec, columns } },
    transform: outputs.of(transform),
    sinks: sinksOf(table),
    stretch: 0,
    chunkings: [WHOLE],
  };
}

function sinksOf(table: readonly TableColumn[]): readonly EncodeSpec[] {
  const columns = table.map(({ name, type }) => ({ name, type }));
  return ["pg-copy", "pg-copy-binary"].map((format) => ({
    sink: format,
    format,
    options: {},
    columns,
    needsColumns: true,
    onUnknownField: "ignore",
  }));
}

/** Rows that both forms have, in their order. */
interface Pairs {
  readonly text: readonly Buffer[];
  readonly binary: readonly Buffer[];
  /** What the encoders themselves do not agree on. */
  readonly findings: readonly string[];
}

function pairsOf(fates: readonly Fate[]): Pairs {
  const text: Buffer[] = [];
  const binary: Buffer[] = [];
  const findings: string[] = [];
  fates.forEach(({ rows, rejects }, record) => {
    const [texts, others] = ["pg-copy", "pg-copy-binary"].map((name) => rows.filter(({ sink }) => sink === name));
    if (texts?.length !== others?.length)
      findings.push(`record ${record}: one encoder refuses it: ${rejects.join(" ")}`);
    texts?.forEach(({ bytes }, i) => {
      const other = others?.[i];
      if (other?.form === 0) {
        text.push(Buffer.from(bytes, "latin1"));
        binary.push(Buffer.from(other.bytes, "latin1"));
      } else if (other !== undefined && other.bytes !== bytes) {
        findings.push(
          `record ${record}: text ${JSON.stringify(bytes)}, and as text of the other ${JSON.stringify(other.bytes)}`,
        );
      }
    });
  });
  return { text, binary, findings };
}

async function compareLoads(
  job: FuzzJob,
  table: readonly TableColumn[],
  outputs: CapturedOutputs,
  server: Server,
): Promise<readonly string[]> {
  const { fates } = walk(job, ONE_BY_ONE, WHOLE);
  const { text, binary, findings } = pairsOf(fates);
  if (findings.length > 0) return findings;
  const byText = await server.load("by_text", text, 1);
  const byBinary = await server.load("by_binary", binary, 0);
  if (!isDeepStrictEqual(byText.taken, byBinary.taken)) {
    const words = { text: text.map(String), byText, byBinary };
    return [`the server takes other rows: ${JSON.stringify(words, null, 1)}`];
  }
  const other = byText.shown.findIndex((row, i) => row !== byBinary.shown[i]);
  if (other >= 0)
    return [
      `${String(text[byText.taken[other] as number])} is ${byText.shown[other]}, binary ${byBinary.shown[other]}`,
    ];
  return byText.shown.length === 0 ? [] : readBack(table, outputs.ofRows(fates, byText.taken), server);
}

/** Reads the table that binary rows went into, and writes it once more. */
async function readBack(
  table: readonly TableColumn[],
  expected: readonly unknown[],
  server: Server,
): Promise<readonly string[]> {
  for (const [name, value] of PLAIN_SETTINGS) await server.set(name, value);
  const shown = await server.show("by_binary");
  const lines = await server.read("by_binary");
  const outputs = new CapturedOutputs();
  const job = copyJob(table, lines, outputs);
  const read = walk(job, ONE_BY_ONE, [3]);
  const { text, binary, findings } = pairsOf(read.fates);
  if (findings.length > 0) return findings;
  const passed = walk({ ...job, transform: null }, { ...ONE_BY_ONE, passes: true }, [3]);
  const passedOn = passed.fates.flatMap(({ rows }) => rows.filter(({ sink }) => sink === "pg-copy"));
  const written = [
    ["written again as text", text, 1],
    ["written again as binary", binary, 0],
    ["passed on", passedOn.map(({ bytes }) => Buffer.from(bytes, "latin1")), 1],
  ] as const;
  const faults = outputs.all.map((value, row) => readsAs(table, expected[row], value));
  const others = faults.flatMap((fault, row) => (fault === null ? [] : [`${shown[row]}: ${fault}`]));
  for (const [how, rows, form] of written) {
    const again = await server.load("again", rows, form);
    // some rows only the server can read
    const differs = again.shown.find((row, i) =>
      rows.length === shown.length ? row !== shown[i] : !shown.includes(row),
    );
    if (differs !== undefined || again.refusals.length > 0)
      others.push(`${how}: ${differs} ${again.refusals.join(", ")}, was ${shown.join(" ")}`);
    await server.clear("again");
  }
  return others;
}

function copyJob(table: readonly TableColumn[], lines: readonly Buffer[], outputs: CapturedOutputs): FuzzJob {
  let end = 0;
  const fields = table.map(({ name, spelled }) => [name, spelled]);
  return {
    source: {
      spec: { format: "pg-copy", options: { fields }, columns: {}, maxRecordBytes: 1_000_000 },
      bytes: Buffer.concat(lines),
      fields: undefined,
      ends: Int32Array.from(lines, (line) => (end += line.length)),
      names: table.map(({ name }) => name),
    },
    transform: outputs.of((record) => record),
    sinks: sinksOf(table),
    stretch: 0,
    chunkings: [WHOLE],
  };
}
