/** Bodies that are read as they come: of every format and coding, cut and taken up again, changed meanwhile, and far too long. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { RunSummary } from "../../src/core/summary.ts";
import { BodyEndpoint, type BodyEndpointOptions } from "../support/http/body-endpoint.ts";
import { Coded, CODINGS } from "../support/http/coding.ts";
import type { FaultRule } from "../support/http/fault-plan.ts";
import { type BodyFormat, GeneratedBody } from "../support/http/generated-body.ts";
import { ItemsApi } from "../support/http/items-api.ts";
import { type Keys, runHere } from "../support/http/jobs.ts";
import type { Endpoint } from "../support/http/reply.ts";
import { ServerProcess } from "../support/http/server-process.ts";
import { IMPATIENT, REFUSALS } from "../support/http/transient-faults.ts";
import { UnrulyServer } from "../support/http/unruly-server.ts";
import { Project } from "../support/project.ts";

const MEBIBYTE = 1024 * 1024;
const RECORDS = 6_000;

const bodyOf = (format: BodyFormat, edition = 0): GeneratedBody =>
  new GeneratedBody({ format, records: RECORDS, edition });

/** Reads a body into `out.jsonl`. */
async function pull(endpoint: Endpoint, format: BodyFormat, faults: readonly FaultRule[] = [], job: Keys = {}) {
  const project = new Project();
  const server = await UnrulyServer.listen({ routes: { "/body": { endpoint, faults } } });
  const source = { type: "http", url: `${server.url}/body`, format, timeout: IMPATIENT };
  const columns = { id: "int" };
  const summary = await runHere(project, { source, columns, chunk: { size: "32KiB" }, ...job });
  const lines = project.exists("out.jsonl") ? project.read("out.jsonl") : "";
  return {
    summary,
    lines,
    server,
    [Symbol.asyncDispose]: async () => (project[Symbol.dispose](), server[Symbol.asyncDispose]()),
  };
}

function linesOf(body: GeneratedBody): string {
  return [...body.records()].map((record) => `${JSON.stringify(record)}\n`).join("");
}

const FORMATS: readonly BodyFormat[] = ["jsonl", "csv", "json"];

/** Breaks at several places, and refuses in between. */
const BREAKS: readonly FaultRule[] = [
  { fault: { does: "cut", framing: "length", after: 100_000 }, at: [1] },
  ...REFUSALS.slice(0, 4).map((fault, index) => ({ fault, at: [2 + index] })),
  { fault: { does: "cut", framing: "chunked", after: 150_001 }, at: [6] },
  { fault: { does: "cut", framing: "length", after: 0 }, at: [7] },
];

/** Servers from which a body that was cut can be had again. */
const SERVERS: readonly (readonly [string, BodyEndpointOptions])[] = [
  ["a server that gives parts", {}],
  ["one that gives the whole each time", { ranges: "ignored" }],
  ["one that gives other bytes than it was asked for", { ranges: "shifted" }],
  ["one with a weak validator", { etag: "weak" }],
  ["one with a date", { etag: "none", lastModified: true }],
  ["one that cannot tell whether it is the same", { etag: "none" }],
  ["one that does not know how long it is", { measured: false }],
];

describe.each(FORMATS)("a body of %s", (format) => {
  test.each(format === "jsonl" ? [undefined, ...CODINGS] : [undefined])(
    "is read whole (coding: %s)",
    async (coding) => {
      const body = bodyOf(format);
      const plain = new BodyEndpoint(body);
      await using pulled = await pull(coding === undefined ? plain : new Coded(plain, coding), format);
      expect(pulled.summary).toMatchObject({ error: null, state: "succeeded", retries: 0, balanced: true });
      expect(pulled.lines === linesOf(body)).toBe(true);
    },
  );

  test.each(format === "jsonl" ? SERVERS : SERVERS.slice(0, 2))(
    "goes on where it was cut: %s",
    async (_name, options) => {
      const body = bodyOf(format);
      await using pulled = await pull(new BodyEndpoint(body, options), format, BREAKS);
      expect(pulled.summary).toMatchObject({ error: null, state: "succeeded", balanced: true });
      expect(pulled.lines === linesOf(body)).toBe(true);
      expect(pulled.server.seen.filter(({ fault }) => fault !== null)).toHaveLength(BREAKS.length);
    },
  );

  test("that is another one after a cut is not mixed with the first", async () => {
    const endpoint = new BodyEndpoint(bodyOf(format));
    const changing: Endpoint = {
      answer: (request) => {
        const reply = endpoint.answer(request);
        endpoint.replace(bodyOf(format, 1));
        return reply;
      },
    };
    await using pulled = await pull(changing, format, [BREAKS[0] as FaultRule]);
    expect(pulled.summary.state).toBe("failed");
    expect(pulled.summary.error).toMatchObject({ code: "SOURCE_CHANGED" });
  });
});

test("a body that stands still goes on where it was", async () => {
  const body = bodyOf("jsonl");
  const faults = [{ fault: { does: "stall", after: 70_000 }, at: [1] }] as const;
  await using pulled = await pull(new BodyEndpoint(body), "jsonl", faults);
  expect(pulled.summary).toMatchObject({ error: null, state: "succeeded", retries: 1, balanced: true });
  expect(pulled.lines === linesOf(body)).toBe(true);
});

test("a coded body that is cut goes on where it was", async () => {
  const body = bodyOf("jsonl");
  const faults = [{ fault: { does: "cut", framing: "chunked", after: 10_000 }, at: [1, 2] }] as const;
  await using pulled = await pull(new Coded(new BodyEndpoint(body), "gzip"), "jsonl", faults);
  expect(pulled.summary).toMatchObject({ error: null, state: "succeeded", balanced: true });
  expect(pulled.lines === linesOf(body)).toBe(true);
});

describe("what is too long", () => {
  const GIBIBYTE = 1024 * MEBIBYTE;
  const endless = (records: number): Endpoint => {
    const body = new GeneratedBody({ format: "json", records, width: 1_024 });
    return {
      answer: () => ({
        status: 200,
        headers: { "content-type": "application/json" },
        body: body.bytes(),
        length: body.size,
      }),
    };
  };

  test.each([
    ["a page of 3 GB that says so", endless(3 * MEBIBYTE), [], 0],
    [
      "a page of 3 GB that does not",
      endless(3 * MEBIBYTE),
      [{ fault: { does: "cut", framing: "chunked", after: 3 * GIBIBYTE } }],
      0,
    ],
    [
      "a page that is 8 GB when inflated",
      new ItemsApi({ total: 1 }),
      [{ fault: { does: "bomb", bytes: 8 * GIBIBYTE } }],
      0,
    ],
  ] as readonly (readonly [string, Endpoint, readonly FaultRule[], number])[])(
    "%s is refused at once",
    async (_name, endpoint, faults) => {
      using project = new Project();
      await using server = await UnrulyServer.listen({ routes: { "/items": { endpoint, faults } } });
      const before = process.memoryUsage.rss();
      const source = {
        type: "http",
        url: `${server.url}/items`,
        records: "",
        pagination: { type: "page" },
        maxBytes: "4MiB",
      };
      const summary = await runHere(project, { source });
      expect(summary.error?.code).toBe("SOURCE_FAILED");
      expect(summary.error?.message).toMatch(/maxBytes.*\/items.*longer than 4 MiB/);
      expect(server.seen).toHaveLength(1);
      expect(process.memoryUsage.rss() - before).toBeLessThan(256 * MEBIBYTE);
    },
  );

  test("a streamed body may be given an end, too", async () => {
    using project = new Project();
    await using server = await UnrulyServer.listen({
      routes: { "/body": { endpoint: new BodyEndpoint(bodyOf("jsonl")) } },
    });
    const source = { type: "http", url: `${server.url}/body`, format: "jsonl", maxBytes: "50KiB" };
    const summary = await runHere(project, { source });
    expect(summary.error?.code).toBe("SOURCE_FAILED");
    expect(summary.error?.message).toMatch(/\/body.*source\.maxBytes.*raise it/);
  });
});

/** `LARGE=1`: three gigabytes, as the promise has them. */
const LARGE_BYTES = process.env["LARGE"] === undefined ? 256 * MEBIBYTE : 3 * 1024 * MEBIBYTE;

test("a body is read in memory that does not grow with it", async () => {
  const width = 1_024;
  const body = (bytes: number) => ({ answers: { body: { format: "jsonl" as const, records: bytes / width, width } } });
  const small = 32 * MEBIBYTE;
  await using server = await ServerProcess.start({ paths: { "/small": body(small), "/large": body(LARGE_BYTES) } });
  const peakOf = async (path: string, bytes: number): Promise<number> => {
    using project = new Project();
    project.write("some.ts", "export default (record) => (record.id % 10_000 === 0 ? { id: record.id } : null);");
    const job = project.job({
      source: { type: "http", url: `${server.url}/${path}`, format: "jsonl" },
      transform: "./some.ts",
      sink: { type: "file", path: "out.jsonl" },
    });
    const running = project.start(["run", job, "--json"]);
    using peak = watchPeak(running.pid);
    const { out, err } = await running.ended;
    const summary = JSON.parse(out) as RunSummary;
    expect(summary, err).toMatchObject({ state: "succeeded", read: bytes / width, bytesRead: bytes, balanced: true });
    return peak.bytes ?? summary.peakRssBytes;
  };
  const [one, other] = [await peakOf("small", small), await peakOf("large", LARGE_BYTES)];
  console.log(
    `peak memory: ${mebibytes(one)} for ${mebibytes(small)}, ${mebibytes(other)} for ${mebibytes(LARGE_BYTES)}`,
  );
  // What is in flight is bounded by the memory budget, which goes by the machine; V8 takes its time to reach its size.
  expect(other - one).toBeLessThan(112 * MEBIBYTE);
}, 600_000);

/** The peak of a process as Linux counts it; what the process itself is told may be that of its parent. */
function watchPeak(pid: number): Disposable & { readonly bytes: number | undefined } {
  let bytes: number | undefined;
  const look = (): void => {
    try {
      const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
      if (kibibytes !== undefined) bytes = Number(kibibytes) * 1_024;
    } catch {
      // It has ended, or the system has no such file.
    }
  };
  const timer = setInterval(look, 20);
  return {
    get bytes() {
      return bytes;
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / MEBIBYTE)} MiB`;
}
