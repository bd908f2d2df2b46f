import { readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HTTP_LIMITS } from "../../../../src/server/limits.ts";
import { adminRoutes } from "../../../../src/daemon/http/routes/admin-routes.ts";
import { until } from "../../../support/until.ts";
import { type Answer, serve, type Served } from "./ask.ts";
import { FakeRuntime } from "./fake-runtime.ts";

const page = readFileSync(path.resolve(import.meta.dirname, "../../../../docs/http-api.md"), "utf8");
const RUN = "01KAMQ0000A1B2C3D4E5F6G7H8";

/** A request of the page with the reply that follows it; undefined: the page shows none. */
interface Example {
  readonly asked: string;
  readonly body: string | undefined;
  readonly reply: string | undefined;
}

const fences = Array.from(page.matchAll(/^```http\n(?<text>.*?)\n```$/gms), ({ groups }) => groups?.["text"] ?? "");
const examples: readonly Example[] = fences.flatMap((text, at) => {
  if (/^\d/.test(text)) return [];
  const [asked = "", body] = text.split("\n\n", 2);
  const next = fences[at + 1];
  return [{ asked, body, reply: next !== undefined && /^\d/.test(next) ? next : undefined }];
});

test("docs/http-api.md has a section for every address, and for no other", () => {
  const { clock } = new FakeRuntime();
  const routes = adminRoutes(new FakeRuntime(), { clock, limits: HTTP_LIMITS }).map(
    ({ method, path }) => `${method} ${path}`,
  );
  const sections = Array.from(page.matchAll(/^### `(?<address>[^`]+)`$/gm), ({ groups }) => groups?.["address"]);
  expect(sections.toSorted()).toEqual(routes.toSorted());
});

test("docs/http-api.md names the bounds there are", () => {
  const { headerBytes, bodyBytes, headersMs, requestMs, replyMs, connections, streams, streamBytes } = HTTP_LIMITS;
  const told = [
    `longer than ${requestMs / 1_000} s (its headers: ${headersMs / 1_000} s)`,
    `body is larger than ${bodyBytes / 1024} KiB, its headers are larger than ${headerBytes / 1024} KiB`,
    `takes longer than ${replyMs / 1_000} s to read a reply`,
    `${connections} connections are served at once`,
    `${streamBytes / 1024 / 1024} MiB waits for it or nothing was taken for ${replyMs / 1_000} s`,
    `${streams} streams are`,
  ];
  for (const words of told) expect(page.replaceAll("\n", " ")).toContain(words);
});

describe("the examples of docs/http-api.md", () => {
  let served: Served;
  beforeAll(async () => {
    served = await serve();
    await served.runtime.addRun(RUN);
    await served.runtime.addRejects(RUN, 1);
  });
  afterAll(() => served[Symbol.asyncDispose]());

  test.each(examples)("$asked is answered as the page says", async ({ asked, body, reply }) => {
    const [method = "", address = ""] = asked.split(" ");
    if (address.startsWith("/api/events")) return expect(await firstEvent(address)).toBe(reply);
    const answer =
      method === "POST" ? await served.post(address, JSON.parse(body ?? "{}")) : await served.ask(address, { method });
    if (reply === undefined) expect(answer.status).toBe(200);
    else assertAnswer(answer, reply);
  });

  function assertAnswer({ status, headers, body }: Answer, reply: string): void {
    const [head = "", ...rest] = reply.split("\n\n");
    const [line = "", ...lines] = head.split("\n");
    expect(status).toBe(Number.parseInt(line, 10));
    for (const [name = "", value] of lines.map((text) => text.split(": ", 2))) expect(headers[name]).toBe(value);
    expect(JSON.parse(body)).toEqual(JSON.parse(rest.join("\n\n")));
  }

  /** As the page writes it. */
  async function firstEvent(address: string): Promise<string> {
    const response = await fetch(`${served.server.url}${address}`);
    await until("the stream listens", () => (served.runtime.listeners > 0 ? true : undefined));
    const reason = "the warehouse is being moved";
    served.runtime.emit({ kind: "job-paused", job: "orders", reason, at: served.runtime.clock.now() });
    const text = response.text();
    await served.server.close({ deadlineMs: 1_000 });
    const type = response.headers.get("content-type");
    return `${response.status} ${response.statusText}\ncontent-type: ${type}\n\n${(await text).trimEnd()}`;
  }
});
