import { describe, expect, test } from "vitest";
import { jobForRun } from "../../../src/config/read-job.ts";
import { faultOf, minimal, readYaml } from "./support.ts";

/** The lines told of a YAML text. */
const lines = (text: string, environment: { [name: string]: string } = {}): string[] =>
  faultOf(() => readYaml(text, { environment })).lines;

/** The lines told of the minimal job with one more line, which is its fourth. */
const linesWith = (line: string, environment?: { [name: string]: string }): string[] =>
  lines(minimal + line, environment);

const postgres = (options: string): string =>
  minimal.replace(/sink: .*/, `sink: { type: postgres, url: "postgres://etl:s3cret@db/x", table: orders, ${options} }`);

describe("readJob()", () => {
  test("fills in every default of CONTRACT", () => {
    const { definition, ...job } = readYaml(minimal);
    expect(definition.label).toBe("orders.yaml");
    expect(job).toEqual({
      name: "orders",
      baseDir: "/jobs",
      file: "/jobs/orders.yaml",
      source: {
        type: "file",
        path: "orders.csv",
        incremental: false,
        inflate: { maxRatio: 500 },
        maxRecordBytes: 1_048_576,
      },
      columns: {},
      select: null,
      rename: {},
      transform: null,
      sinks: { sink: { type: "file", path: "orders.jsonl", mode: "replace" } },
      rejects: null,
      aggregate: null,
      errors: { maxRejects: null, maxRejectRate: 0.05, minRecords: 1000, onExceed: "fail" },
      retry: { forMs: 600_000, initialDelayMs: 1000, maxDelayMs: 60_000, multiplier: 2, jitter: "full" },
      chunk: { kind: "bytes", bytes: 1_048_576 },
      commit: { bytes: 16_777_216, intervalMs: 1000 },
      workers: "auto",
      order: "source",
      onSinkDown: "wait",
      trigger: { type: "once" },
      alerts: null,
      progress: { kind: "time", everyMs: 10_000 },
      retention: { runsMs: 7_776_000_000, rejectsMs: 2_592_000_000, rejectBytes: 1_073_741_824 },
    });
  });

  test("resolves units, short forms and the transform's path", () => {
    const job = readYaml(`${minimal}columns: { id: int, at: { type: timestamp, timezone: Europe/Berlin } }
transform: { module: ./code/orders.ts, timeout: 5s, deterministic: false }
chunk: { records: 5000 }
commit: { bytes: 4MiB, interval: 250ms }
retry: { for: 1h, jitter: none }
progress: { records: 10000 }
workers: 3
rejects: { type: file, path: rejects.jsonl }
`);
    expect(job.columns).toEqual({ id: { type: "int" }, at: { type: "timestamp", timezone: "Europe/Berlin" } });
    expect(job.transform).toEqual({
      module: "/jobs/code/orders.ts",
      export: null,
      mode: null,
      concurrency: 16,
      timeoutMs: 5000,
      memoryBytes: null,
      deterministic: false,
    });
    expect(job.chunk).toEqual({ kind: "records", records: 5000 });
    expect(job.commit).toEqual({ bytes: 4_194_304, intervalMs: 250 });
    expect(job.retry).toMatchObject({ forMs: 3_600_000, jitter: "none" });
    expect(job.progress).toEqual({ kind: "records", records: 10_000 });
    expect(job.rejects).toMatchObject({ type: "file", path: "rejects.jsonl" });
    expect(readYaml(`${minimal}transform: orders.ts\n`).transform?.module).toBe("/jobs/orders.ts");
  });

  test("names a single sink by its key in sinks", () => {
    const text = minimal.replace(/sink: (.*)/, "sinks: { archive: $1 }");
    expect(Object.keys(readYaml(text).sinks)).toEqual(["archive"]);
  });

  test("is frozen", () => {
    expect(Object.isFrozen(readYaml(minimal))).toBe(true);
  });

  test("takes a variable's text where a number or a choice of true and false belongs", () => {
    const text = `${minimal}workers: "\${WORKERS}"\ntransform: { module: a.ts, deterministic: "\${SAME}" }\nerrors: { maxRejectRate: "\${RATE}" }\n`;
    const job = readYaml(text, { environment: { WORKERS: "3", SAME: "false", RATE: "0.5" } });
    expect(job.workers).toBe(3);
    expect(job.transform?.deterministic).toBe(false);
    expect(job.errors.maxRejectRate).toBe(0.5);
  });

  test("keeps a variable's digits as text where text belongs", () => {
    const text = postgres('stateSchema: "${SCHEMA}"');
    expect(readYaml(text, { environment: { SCHEMA: "2026" } }).sinks["sink"]).toMatchObject({ stateSchema: "2026" });
  });
});

describe("what is wrong is told where it is", () => {
  test("several mistakes at once, a line each, in the order of the file", () => {
    const text = `name: Orders
source: { type: file, path: orders.csv, formt: csv }
columns: { id: integer }
sink:
  type: postgres
  url: "postgres://etl:s3cret@db/x"
  mdoe: append
  table: 12
workers: many
`;
    const { code, lines: told, error } = faultOf(() => readYaml(text));
    expect(code).toBe("CONFIG_INVALID");
    expect(told).toEqual([
      'orders.yaml:1:7: name: expected lower-case letters, digits and dashes, such as orders-eu, got "Orders"',
      "orders.yaml:2:41: source.formt: unknown key; allowed here: type, path, format, compression, inflate, incremental, maxRecordBytes, csv, text (nearest: format)",
      'orders.yaml:3:16: columns.id: expected one of string, int, bigint, float, decimal, boolean, date, timestamp, uuid, json, bytes or an object, got "integer" (nearest: int)',
      "orders.yaml:7:3: sink.mdoe: unknown key; allowed here: type, url, table, columns, mode, key, deleteWhen, onlyNewer, copy, onUnknownField, createTable, before, after, ssl, pool, statementTimeout, stateSchema (nearest: mode)",
      "orders.yaml:8:10: sink.table: expected text, got 12; put it in quotes",
      'orders.yaml:9:10: workers: expected auto or a whole number, got "many"',
    ]);
    expect(error.details["problems"]).toContainEqual({
      code: "CONFIG_INVALID",
      file: "orders.yaml",
      line: 8,
      column: 10,
      path: "sink.table",
      message: "expected text, got 12; put it in quotes",
    });
  });

  test.each([
    [
      "transfrom: ./a.ts",
      "4:1: transfrom: unknown key; allowed here: name, source, columns, select, rename, transform, aggregate, sink, sinks, rejects, errors, retry, chunk, commit, workers, order, onSinkDown, trigger, alerts, progress, retention (nearest: transform)",
    ],
    [
      "chunk: { size: 12XB }",
      '4:16: chunk.size: expected a number of bytes, or one with B, kB, MB, GB, KiB, MiB or GiB (64KiB), got "12XB"',
    ],
    ["chunk: { size: 12 }", "4:16: chunk.size: expected 1024 to 268435456, got 12"],
    ["chunk: { size: 1MiB, records: 5 }", "4:22: chunk.records: stands beside size; give one of the two"],
    ["chunk: {}", "4:1: chunk.size: missing; give size or records"],
    ["chunk: [1]", "4:8: chunk: expected an object, got a list"],
    [
      "commit: { interval: soon }",
      '4:21: commit.interval: expected a number of milliseconds, or one with ms, s, m, h or d (500ms, 10s), got "soon"',
    ],
    ["errors: { maxRejectRate: 3 }", "4:26: errors.maxRejectRate: expected at most 1, got 3"],
    ["errors: { maxRejects: -1 }", "4:23: errors.maxRejects: expected at least 0, got -1"],
    ["errors: { minRecords: 1.5 }", "4:23: errors.minRecords: expected a whole number, got 1.5"],
    ["workers: 0", "4:10: workers: expected at least 1, got 0"],
    ["order: sorce", '4:8: order: expected one of source, none, got "sorce" (nearest: source)'],
    [
      "trigger: { type: corn }",
      '4:18: trigger.type: expected one of once, manual, cron, interval, continuous, watch, after, got "corn" (nearest: cron)',
    ],
    [
      "trigger: {}",
      "4:1: trigger.type: missing; expected one of once, manual, cron, interval, continuous, watch, after",
    ],
    ["transform: 7", "4:12: transform: expected text or an object, got 7"],
    ["transform: { mode: record }", "4:1: transform.module: missing; expected text"],
    [
      "transform: { module: a.ts, mode: vector }",
      '4:34: transform.mode: expected one of record, chunk, columns, async, got "vector"',
    ],
    ["transform: { module: a.ts, timeout: 30d }", '4:37: transform.timeout: expected 1 to 2147483647, got "30d"'],
    [
      "transform: { module: a.ts, mode: chunk, concurrency: 4 }",
      "4:41: transform.concurrency: only mode async has calls in flight side by side; set mode: async, or leave it out",
    ],
    ['transform: ""', "4:12: transform: expected text that is not empty, got empty text"],
    [
      "columns: { at: { type: timestamp, timezone: Mars } }",
      '4:45: columns.at.timezone: expected an IANA time zone such as UTC or Europe/Berlin, got "Mars"',
    ],
    [
      "columns: { at: { nullabel: true, type: date } }",
      "4:18: columns.at.nullabel: unknown key; allowed here: type, nullable, formats, timezone (nearest: nullable)",
    ],
    [
      "columns: { at: { type: date, formats: [] } }",
      "4:39: columns.at.formats: expected at least 1 entry, got an empty list",
    ],
    [
      "columns: { at: null }",
      "4:16: columns.at: expected one of string, int, bigint, float, decimal, boolean, date, timestamp, uuid, json, bytes or an object, got nothing",
    ],
    ["onSinkDown: true", "4:13: onSinkDown: expected one of wait, fail, got true"],
    ["progress: { every: 1s, records: 5 }", "4:24: progress.records: stands beside every; give one of the two"],
    [
      "rejects: { type: file, path: r.jsonl, mode: overwrite }",
      '4:45: rejects.mode: expected one of replace, append, got "overwrite"',
    ],
    ["sinks: {}", "4:1: sinks: stands beside sink; give one of the two"],
  ])("%s", (line, message) => {
    expect(linesWith(line)).toEqual([`orders.yaml:${message}`]);
  });

  test.each([
    ["", "orders.yaml: expected an object, got nothing"],
    ["just text", 'orders.yaml:1:1: expected an object, got "just text"'],
  ])("a file of %j", (text, message) => {
    expect(lines(text)).toEqual([message]);
  });

  test("what is missing altogether", () => {
    expect(lines("source: { type: file }\n")).toEqual([
      "orders.yaml:1:1: name: missing; expected text",
      "orders.yaml:1:1: sink: missing; give sink or sinks",
      "orders.yaml:1:1: source.path: missing; expected text or a list",
    ]);
  });

  test.each([
    [
      "sinks: { Bad Name: { type: file, path: a.csv } }",
      '3:10: sinks["Bad Name"]: not a name; expected lower-case letters, digits and dashes, such as orders-eu',
    ],
    [
      "sink: { type: http, url: gopher }",
      '3:26: sink.url: expected a URL such as https://api.example.com/items, got "gopher"',
    ],
    [
      "sink: { type: file, path: a.csv, rotate: { records: 9007199254740993 } }",
      "3:53: sink.rotate.records: expected a whole number, got 9007199254740993",
    ],
  ])("%s", (sink, message) => {
    expect(lines(minimal.replace(/sink: .*/, sink))).toContain(`orders.yaml:${message}`);
  });

  test.each([
    ["{ type: webhook, path: in }", '2:32: source.path: expected a path such as /hooks/orders, got "in"'],
    [
      "{ type: kafka, brokers: [a, b:9092], topics: t, group: g }",
      "2:33: source.brokers: expected host:port, got a list",
    ],
    [
      "{ type: kafka, brokers: [], topics: [t], group: g }",
      "2:33: source.brokers: expected at least 1 entry, got an empty list",
    ],
    [
      "{ type: kafka, brokers: a:9092, topics: t, group: g, from: { timestamp: noon } }",
      '2:81: source.from.timestamp: expected a time such as 2026-11-22T02:00:00Z, got "noon"',
    ],
    [
      "{ type: http, url: https://x.example, auth: { type: basik } }",
      '2:61: source.auth.type: expected one of basic, bearer, apiKey, oauth2, got "basik" (nearest: basic)',
    ],
  ])("source: %s", (source, message) => {
    expect(lines(minimal.replace(/source: .*/, `source: ${source}`))).toContain(`orders.yaml:${message}`);
  });

  test.each([
    ["chunk: { size: adaptive, grow: 1 }", "4:32: chunk.grow: expected more than 1, got 1"],
    ["chunk: { size: adaptive, shrink: 1 }", "4:34: chunk.shrink: expected less than 1, got 1"],
  ])("%s", (line, message) => {
    expect(linesWith(line)).toContain(`orders.yaml:${message}`);
  });

  test("keys of a Kafka sink that a topic of rejects has no use for", () => {
    const keys = "key: id, format: jsonl, batch: { records: 5 }, transactional: false, stateTopic: p";
    expect(lines(`${minimal}rejects: { type: kafka, brokers: a:9092, topic: t, headers: { a: b }, ${keys} }`)).toEqual([
      "orders.yaml:4:52: rejects.headers: a reject's message has headers that say what is known of it; leave it out",
      "orders.yaml:4:71: rejects.key: a reject's message has a key that tells it from all others; leave it out",
      "orders.yaml:4:80: rejects.format: a reject's message is the record as it came; leave it out",
      "orders.yaml:4:95: rejects.batch: rejects are sent together when their unit is committed; leave it out",
      "orders.yaml:4:118: rejects.transactional: rejects are acknowledged before the position passes them, outside of any transaction; leave it out",
      "orders.yaml:4:140: rejects.stateTopic: no positions are kept with rejects; leave it out",
    ]);
  });

  test("a connector that nobody knows", () => {
    expect(lines(minimal.replace("{ type: file, path: orders.csv }", "{ type: flie, path: orders.csv }"))).toEqual([
      'orders.yaml:2:17: source.type: expected one of file, postgres, kafka, http, webhook, module, got "flie" (nearest: file)',
    ]);
  });

  test("a file whose format its name does not tell", () => {
    expect(lines(minimal.replace("orders.csv", "orders.dat").replace("orders.jsonl", "out"))).toEqual([
      "orders.yaml:2:1: source.format: missing; the path's extension names none of csv, jsonl, json, text",
      "orders.yaml:3:1: sink.format: missing; the path's extension names none of csv, jsonl",
    ]);
  });

  test.each([
    ["select: [a, b, a]", '4:16: select[2]: "a" stands here twice'],
    ["select: [id]\nrename: { ib: x }", "5:11: rename.ib: this field is not in select; did you mean id?"],
    ["select: [id]\nrename: { total: x }", "5:11: rename.total: this field is not in select; select names id"],
    ["rename: { a: x, b: x }", '4:17: rename.b: another field is renamed to "x" too'],
  ])("%s", (text, message) => {
    expect(linesWith(text)).toEqual([`orders.yaml:${message}`]);
  });

  test("an array that is to grow", () => {
    expect(lines(minimal.replace("orders.csv }", "orders.json, incremental: true }"))).toEqual([
      "orders.yaml:2:42: source.incremental: a JSON array is read as a whole; write JSON lines (format: jsonl) instead",
    ]);
  });

  test("the csv keys of a source, as the format has them", () => {
    expect(lines(minimal.replace("orders.csv }", 'orders.csv, csv: { delimeter: ";" } }'))).toEqual([
      "orders.yaml:2:48: source.csv.delimeter: unknown key; allowed here: delimiter, quote, escape, comment, encoding, nulls, quotes, header, trim, emptyAsNull, blankLines, ragged (nearest: delimiter)",
    ]);
  });
});

describe("variables", () => {
  test("that are not set are told with their names, all of them, and nothing else of their values", () => {
    const text = minimal.replace(/path: (\w+\.\w+)/g, 'path: "${IN_DIR}/$1"');
    const { code, lines: told } = faultOf(() => readYaml(text));
    expect(code).toBe("VARIABLE_UNSET");
    expect(told).toEqual([
      "orders.yaml:2:29: source.path: the environment variable IN_DIR is not set; set it or give a default: ${IN_DIR:-...}",
      "orders.yaml:3:27: sink.path: the environment variable IN_DIR is not set; set it or give a default: ${IN_DIR:-...}",
    ]);
  });

  test("never show their values in a message", () => {
    expect(linesWith('workers: "${SECRET}"', { SECRET: "hunter2" })).toEqual([
      "orders.yaml:4:10: workers: expected auto or a whole number, got the value of ${SECRET}",
    ]);
    expect(linesWith('order: "${SECRET}"', { SECRET: "sourc" })).toEqual([
      "orders.yaml:4:8: order: expected one of source, none, got the value of ${SECRET}",
    ]);
  });

  test("a password in a URL or under a telling key is not shown either", () => {
    const told = lines(
      minimal.replace(
        "{ type: file, path: orders.csv }",
        '{ type: http, url: "ftp://me:hunter2@host/a", auth: { type: basic, username: me, password: 12345 } }',
      ),
    );
    expect(told.join("\n")).toContain('got "ftp://me:***@host/a"');
    expect(told.join("\n")).toContain("source.auth.password: expected text, got a value that is kept secret");
    expect(told.join("\n")).not.toMatch(/hunter2|12345/);
  });

  test("of a run are asked for when the run begins", () => {
    const text = minimal.replace("path: orders.csv", 'path: "in/${param.day}/${slot.date}.csv"');
    const job = readYaml(text);
    expect(job.source).toMatchObject({ path: "in/${param.day}/${slot.date}.csv" });
    expect(jobForRun(job, { params: { day: "1" }, slot: "2026-11-22", environment: {} }).source).toMatchObject({
      path: "in/1/2026-11-22.csv",
    });
    const { code, lines: told } = faultOf(() => jobForRun(job, { params: { night: "1" }, slot: "2026-11-22" }));
    expect(code).toBe("VARIABLE_UNSET");
    expect(told).toEqual([
      "orders.yaml:2:29: source.path: the parameter day is not given; pass --param day=... or give a default: ${param.day:-...}",
    ]);
  });

  test("of a run that a check needs to know are asked for then", () => {
    const { code, lines: told } = faultOf(() => readYaml(`${minimal}workers: "\${param.threads}"\n`));
    expect(code).toBe("VARIABLE_UNSET");
    expect(told).toEqual([
      'orders.yaml:4:10: workers: expected auto or a whole number, got "${param.threads}"; it waits for a value of the run: pass --param or --slot',
    ]);
  });

  test("leave a job that asks for none as it is", () => {
    const job = readYaml(minimal);
    expect(jobForRun(job, { params: { day: "1" } })).toBe(job);
  });
});

describe("a Postgres source", () => {
  test.each([
    ["url: u", "source.table: missing; give table or query"],
    ["url: u, table: t, query: SELECT 1", "source.query: stands beside table; give one of the two"],
    ["url: u, query: SELECT 1, schema: s", "source.schema: is that of a table; name it in the query"],
    ["url: u, table: t, incremental: true", "source.cursor: missing; incremental continues from a column that grows"],
    [
      "url: u, table: t, cursor: id",
      "source.cursor: only incremental reads go by it; set incremental: true, or leave it out",
    ],
    [
      "url: u, table: t, lag: 5m",
      "source.lag: only incremental reads go by it; set incremental: true, or leave it out",
    ],
    ["url: u, query: SELECT 1, splits: 2", "source.splits: a query is read as a whole; leave it out, or give a table"],
    [
      "url: u, table: t, cursor: id, incremental: true, splits: 2",
      "source.splits: what is new is read in one piece; leave it out",
    ],
  ])("with %s is refused", (keys, message) => {
    const [told] = lines(minimal.replace(/source: .*/, `source: { type: postgres, ${keys} }`));
    expect(told).toMatch(/^orders\.yaml:2:\d+: /);
    expect(told?.replace(/^orders\.yaml:2:\d+: /, "")).toBe(message);
  });
});

describe("what is not built yet is refused by its name", () => {
  test.each([
    [
      "aggregate: { groupBy: [a], measures: { n: count } }",
      "4:1: aggregate: not built in this release (groups, measures and windows over the records)",
    ],
    [
      "chunk: { size: adaptive, min: 64KiB }",
      "4:16: chunk.size: adaptive: not built in this release (built now: a size such as 1MiB, or records)",
    ],
    [
      "trigger: { type: continuous }",
      "4:18: trigger.type: continuous: not built in this release for a source that ends and is read again as a whole; set incremental: true in the source, or take an interval",
    ],
    [
      "rejects: { type: postgres, url: u, table: t }",
      "4:18: rejects.type: postgres: not built in this release; built now: file, kafka, http",
    ],
  ])("%s", (line, message) => {
    const { code, lines: told } = faultOf(() => readYaml(minimal + line));
    expect(told).toEqual([`orders.yaml:${message}`]);
    expect(code).toBe("NOT_BUILT");
  });

  test.each([
    'trigger: { type: cron, schedule: "0 2 * * *" }',
    "trigger: { type: interval, every: 5m }",
    "trigger: { type: watch }",
    "trigger: { type: after, job: other }",
    "alerts: { failed: true, webhook: https://alerts.example }",
  ])("but %s is the daemon's and no fault", (line) => {
    expect(() => readYaml(minimal + line)).not.toThrow();
  });

  test("alerts are posted to an address, or to none where the variable is empty", () => {
    expect(lines(`${minimal}alerts: { failed: true, webhook: hooks.example/s3cret }`)).toEqual([
      "orders.yaml:4:34: alerts.webhook: needs an address that begins with https:// or http://",
    ]);
    expect(readYaml(`${minimal}alerts: { failed: true, webhook: "\${ALERT_URL:-}" }`).alerts).toEqual({ failed: true });
  });

  test("watching is for files", () => {
    const topic = minimal.replace(/source: .*/, 'source: { type: kafka, brokers: "a:1", topics: t, group: g }');
    expect(lines(`${topic}trigger: { type: watch }`)).toEqual([
      "orders.yaml:4:18: trigger.type: watch: waits for new files, which a kafka source has none of; take continuous",
    ]);
  });

  test("what does not tell when it has more is not followed", () => {
    const api = minimal.replace(
      /source: .*/,
      "source: { type: http, url: 'https://a.example/x', incremental: true, records: '' }",
    );
    expect(lines(`${api}trigger: { type: continuous }`)).toEqual([
      "orders.yaml:4:18: trigger.type: continuous: a http source does not tell when it has more; take an interval",
    ]);
    expect(() => readYaml(`${api}trigger: { type: interval, every: 1m }`)).not.toThrow();
  });

  test("what is watched has a name before there is a slot", () => {
    const dated = minimal.replace("path: orders.csv", 'path: "in/${slot.date}.csv"');
    expect(lines(`${dated}trigger: { type: watch }`)).toEqual([
      "orders.yaml:4:18: trigger.type: watch: waits for the files of source.path, in which ${slot...} and ${param...} have no value before a run",
    ]);
  });

  test("and neither is a file that is followed", () => {
    const tailed = minimal.replace("path: orders.csv", "path: orders.csv, incremental: true");
    expect(readYaml(`${tailed}trigger: { type: continuous }`).trigger).toEqual({ type: "continuous" });
  });

  test("a Kafka sink commits more often than the broker ends transactions", () => {
    const sink = (more: string) =>
      minimal.replace(/sink: .*/, `sink: { type: kafka, brokers: "a:1", topic: t${more} }\ncommit: { interval: 45s }`);
    expect(lines(sink(""))).toEqual([
      "orders.yaml:4:11: commit.interval: a Kafka sink commits in transactions, which the broker ends after a minute; 30s at the most",
    ]);
    expect(() => readYaml(sink(", transactional: false"))).not.toThrow();
  });

  test("beside a mistake the code is CONFIG_INVALID", () => {
    expect(faultOf(() => readYaml(`${minimal}alerts: { failed: true }\nworkers: 0\n`)).code).toBe("CONFIG_INVALID");
  });
});
