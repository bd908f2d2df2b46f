/** Whatever stage refuses a record, its reject holds the bytes that stood in the source, and all places hold them alike. */
import { expect, test } from "vitest";
import { decodeRaw, type Reject } from "../../../src/core/reject.ts";
import { usePostgres } from "../../support/postgres.ts";
import { Project } from "../../support/project.ts";

const postgres = usePostgres();

const TRANSFORM = `
export const validate = (o) => o.note !== "unwanted" || "unwanted";
export default (o, c) => {
  if (o.note.startsWith("no\\r\\n")) c.reject("two lines");
  if (o.note === "throw") throw new Error("thrown");
  if (o.note === "twins") return [o, { ...o, n: 900 }];
  return o;
};
`;

/** Records as they stand in the file, with the stage and code that refuse them. */
const RECORDS: readonly (readonly [record: string | Buffer, refused?: string])[] = [
  ["1,fine"],
  ["x,é ß", "decode VALUE_INVALID"],
  ["2,a,b", "decode CSV_FIELD_COUNT"],
  [Buffer.from([0x33, 0x2c, 0xc3, 0x28]), "decode ENCODING_INVALID"],
  ["4,unwanted", "validate TRANSFORM_REJECTED"],
  ['5,"no\r\n""two"" lines"', "transform TRANSFORM_REJECTED"],
  ["6,throw", "transform TRANSFORM_FAILED"],
  ["7,a\0b", "write VALUE_INVALID"],
  ['800,"  of ""the"" server\r\n"', "write ROW_REFUSED"],
  ["8,twins", "write ROW_REFUSED"],
  ["9,last"],
];

test.each([
  ["beside the data", "\r\n", {}],
  ["in a file", "\n", { rejects: { type: "file", path: "bad.jsonl" } }],
])(
  "rejects %s, of lines that end in %j, hold the records' own bytes",
  async (place, lineEnd, change) => {
    const name = `bytes${place.length}`;
    await postgres.server.query(`CREATE TABLE ${name} (n int CHECK (n < 800), note text)`);
    using project = new Project();
    const bytes = RECORDS.map(([record]) => Buffer.concat([Buffer.from(record), Buffer.from(lineEnd)]));
    project.write("in.csv", Buffer.concat([Buffer.from(`n,note${lineEnd}`), ...bytes]));
    project.write("t.mjs", TRANSFORM);
    const job = project.job({
      name,
      source: { type: "file", path: "in.csv" },
      columns: { n: "int" },
      transform: "t.mjs",
      errors: { maxRejectRate: 1 },
      sink: { type: "postgres", url: postgres.server.url(), table: name },
      ...change,
    });
    const { summary, err } = await project.summaryOf([job]);
    expect(summary, err).toMatchObject({ read: RECORDS.length, written: 2, balanced: true });
    const exported = await project.run(["rejects", "export", job]);
    const rejects = exported.out
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Reject);
    const found = rejects
      .toSorted((a, b) => Number(a.position.ordinal) - Number(b.position.ordinal))
      .map((reject) => [decodeRaw(reject).toString("latin1"), `${reject.stage} ${reject.code}`]);
    const due = RECORDS.filter(([, refused]) => refused !== undefined);
    expect(found).toEqual(due.map(([record, refused]) => [Buffer.from(record).toString("latin1"), refused]));
    expect(rejects.find(({ raw }) => raw.includes("twins"))).toMatchObject({ output: 1, sink: "sink" });
  },
  60_000,
);
