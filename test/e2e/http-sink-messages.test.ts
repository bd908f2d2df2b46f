/** What a user reads when an HTTP sink goes wrong: where it was, what happened, and what to do. */
import { describe, expect, test } from "vitest";
import { ActingEndpoint } from "../support/http/acting-endpoint.ts";
import { type Fault, LOGIN_PAGE, NO_CONTENT, refuses } from "../support/http/fault.ts";
import { GIVES_UP, type Keys, runHere, writeRecords } from "../support/http/jobs.ts";
import { assertSays } from "../support/http/says.ts";
import { UnrulyServer } from "../support/http/unruly-server.ts";
import { Project } from "../support/project.ts";

const TIMES = { connect: "2s", headers: "100ms", idle: "100ms" };
const POST = "POST http://127.0.0.1:PORT/post";

describe.concurrent("a sink says", () => {
  const sinkTo = (server: UnrulyServer, sink: Keys = {}): Keys => ({
    source: { type: "file", path: "in.jsonl" },
    sink: { type: "http", url: `${server.url}/post?secret=s3cr3t-of-query`, timeout: TIMES, ...sink },
    errors: { maxRejectRate: 1 },
  });

  test.each<readonly [string, Fault, string, readonly (string | RegExp)[]]>([
    [
      "401",
      refuses(401, '{"message":"who are you"}'),
      "SINK_REFUSED",
      ["sink.auth", POST, "401", "who are you", "check auth"],
    ],
    ["407", refuses(407), "SINK_REFUSED", ["sink.proxy", POST, "407", "proxy"]],
    ["503 for good", refuses(503, "full"), "RETRIES_EXHAUSTED", ["sink.url", POST, "503", "full"]],
    ["429 for good", refuses(429), "RETRIES_EXHAUSTED", ["sink.url", POST, "429", "rateLimit"]],
    ["resets", { does: "reset" }, "RETRIES_EXHAUSTED", ["sink.url", POST, "cut"]],
    ["lost replies", { does: "lose" }, "RETRIES_EXHAUSTED", ["sink.url", POST, "cut"]],
    ["silence", { does: "ignore" }, "RETRIES_EXHAUSTED", ["sink.timeout.headers", POST, "within 0.1 s"]],
    [
      "a redirect that would lose the data",
      refuses(302, "", { location: "/else" }),
      "SINK_REFUSED",
      ["sink.url", POST, "302", "set url"],
    ],
  ])("what is wrong: %s", async (_name, fault, code, says) => {
    using project = new Project();
    writeRecords(project, 3);
    await using server = await UnrulyServer.listen({
      routes: { "/post": { endpoint: new ActingEndpoint(), faults: [{ fault }] } },
    });
    const summary = await runHere(project, { ...sinkTo(server), retry: GIVES_UP });
    expect(summary).toMatchObject({ state: "failed", error: { code } });
    assertSays(summary.error?.message ?? "", server.port, says);
  });

  test.each([400, 403, 404, 409, 410, 413, 415, 422])(
    "why a record was refused with %s, and goes on",
    async (status) => {
      using project = new Project();
      writeRecords(project, 4);
      const faults = [{ fault: refuses(status, `{"error":"field id: not known"}`), at: [2] }];
      await using server = await UnrulyServer.listen({
        routes: { "/post": { endpoint: new ActingEndpoint(), faults } },
      });
      const summary = await runHere(project, sinkTo(server));
      expect(summary).toMatchObject({ error: null, written: 3, rejected: 1, balanced: true });
      const [reject] = project.readLines("rejects.jsonl");
      expect(reject).toMatchObject({ stage: "write", code: "ROW_REFUSED", raw: '{"id":1}', line: 2 });
      assertSays(reject?.message ?? "", server.port, [POST, String(status), "field id: not known"]);
    },
  );

  test.each<readonly [string, Fault, readonly (string | RegExp)[]]>([
    ["no content", NO_CONTENT, ["no JSON"]],
    ["a page for people", LOGIN_PAGE, ["no JSON", "<!DOCTYPE"]],
    ["no answers where they were said to be", refuses(200, '{"ok":true}'), ["/results"]],
  ])("that a batch's reply is not as the job has it: %s", async (_name, fault, says) => {
    using project = new Project();
    writeRecords(project, 4);
    await using server = await UnrulyServer.listen({
      routes: { "/post": { endpoint: new ActingEndpoint({ batch: "json", answers: "each" }), faults: [{ fault }] } },
    });
    const response = { items: "/results", status: "/status" };
    const summary = await runHere(project, {
      ...sinkTo(server, { batch: { records: 10 }, response }),
      retry: GIVES_UP,
    });
    // Nobody knows what became of the records, so none of them may pass for written.
    expect([summary.state, summary.written]).toEqual(["failed", 0]);
    assertSays(summary.error?.message ?? "", server.port, ["sink.response", "127.0.0.1:PORT/post", ...says]);
  });
});
