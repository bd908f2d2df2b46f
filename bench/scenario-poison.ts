/** What bad rows cost that only the server notices. */
import { once } from "node:events";
import { createWriteStream, existsSync, renameSync } from "node:fs";
import { runJobFile } from "./millrace.ts";
import type { Contender, Scenario } from "./scenario.ts";
import type { Workshop } from "./workshop.ts";

const WANTED = "wanted: one bad row in 10,000, of five kinds, takes at most 2.2 times as long as none";

const TABLE = `
drop schema if exists millrace cascade;
drop table if exists measures, parents;
create table parents (id int primary key);
insert into parents select generate_series(0, 9);
create table measures (id int primary key, small smallint check (small < 1000), name varchar(10) not null, parent int references parents)`;

/** One record's fields. */
interface Measure {
  readonly id: number;
  readonly small: number;
  readonly name: string | null;
  readonly parent: number;
}

/** A check, a not null, a length, a foreign key (of which the server names no row) and a unique key. */
const BAD: readonly ((good: Measure) => Measure)[] = [
  (good) => ({ ...good, small: 5_000 }),
  (good) => ({ ...good, name: null }),
  (good) => ({ ...good, name: "far too long for ten" }),
  (good) => ({ ...good, parent: 77 }),
  (good) => ({ ...good, id: good.id - 1 }),
];

/** The scenario at a number of rows. */
export function poisonScenario(workshop: Workshop, rows: number): Scenario {
  const title = `JSON Lines -> Postgres with bad rows, ${rows.toLocaleString("en-US")} records`;
  const contenders = [0, rows / 10_000, rows / 1_000].map((bad) => load(workshop, rows, Math.round(bad)));
  return { title, rows, contenders, remarks: [WANTED] };
}

function load(workshop: Workshop, rows: number, bad: number): Contender {
  return {
    name: bad === 0 ? "clean" : `${bad.toLocaleString("en-US")} bad rows of five kinds`,
    async run() {
      const { server } = workshop;
      const input = await writeInput(workshop.cached(`measures-${rows}-${bad}.jsonl`), rows, bad);
      await server.query(TABLE);
      await server.query("checkpoint");
      const job = {
        name: "measures",
        source: { type: "file", path: input },
        sink: { type: "postgres", url: server.url(), table: "measures" },
      };
      const { seconds, summary } = await runJobFile(workshop, rows, job);
      const [row] = await server.query(
        "select (select count(*)::int from measures) as written, (select count(*)::int from millrace.rejects) as rejected",
      );
      const exact = row?.["written"] === rows - bad && row["rejected"] === bad && summary.rejected === bad;
      const check = exact ? "exactly the bad rows are rejected" : JSON.stringify(row);
      return { seconds, check, peakMemoryBytes: summary.peakRssBytes };
    },
  };
}

/** Records of which `bad` are bad, as far apart as can be. */
async function writeInput(file: string, rows: number, bad: number): Promise<string> {
  if (existsSync(file)) return file;
  const every = bad === 0 ? Number.POSITIVE_INFINITY : Math.floor(rows / bad);
  const stream = createWriteStream(`${file}.part`);
  for (let id = 0; id < rows; id++) {
    const good = { id, small: id % 1_000, name: `n${id % 1_000}`, parent: id % 10 };
    const turn = Math.floor(id / every);
    const spoil = id % every === every - 1 && turn < bad ? BAD[turn % BAD.length] : undefined;
    const record = spoil === undefined ? good : spoil(good);
    if (!stream.write(`${JSON.stringify(record)}\n`)) await once(stream, "drain");
  }
  stream.end();
  await once(stream, "finish");
  renameSync(`${file}.part`, file);
  return file;
}
