/** Jobs that pull from an API again and again: each run brings what is new, and a position that was set back brings the rest. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ItemsApi, type Paging } from "../support/http/items-api.ts";
import { itemTexts, type Keys, runHere } from "../support/http/jobs.ts";
import { jsonReply } from "../support/http/reply.ts";
import { UnrulyServer } from "../support/http/unruly-server.ts";
import { Project } from "../support/project.ts";

const SIZE = 20;

/** Ways to find the next page that go on differently: by a word of the server, in the middle of a page, in the one reply. */
const SOURCES: readonly (readonly [name: string, by: Paging, source: Keys])[] = [
  ["cursor", "cursor", { records: "/data", pagination: { type: "cursor", next: "/next" } }],
  ["page", "page", { records: "/data", pagination: { type: "page" } }],
  ["one reply", "none", { records: "/data" }],
];

const SINK = { type: "file", path: "out-{part}.jsonl", mode: "append" };

/** What all runs have written. */
function written(project: Project): readonly string[] {
  const parts = readdirSync(project.folder).filter((name) => name.startsWith("out-"));
  return parts.toSorted().flatMap((name) => readFileSync(project.path(name), "utf8").split("\n").filter(Boolean));
}

describe("runs of an incremental job", () => {
  test.each(SOURCES)("read each item once by %s", async (_name, by, source) => {
    using project = new Project();
    const endpoint = new ItemsApi({ total: 45, size: SIZE, by });
    await using server = await UnrulyServer.listen({ routes: { "/items": { endpoint } } });
    const job = { source: { type: "http", url: `${server.url}/items`, incremental: true, ...source }, sink: SINK };
    const read: number[] = [];
    for (const more of [0, 0, 30]) {
      endpoint.append(more);
      const summary = await runHere(project, job);
      expect(summary).toMatchObject({ error: null, state: "succeeded", balanced: true });
      read.push(summary.read);
    }
    expect(read).toEqual([45, 0, 30]);
    expect(written(project)).toEqual(itemTexts(75));
  });

  test("read what was added to a streamed body", async () => {
    using project = new Project();
    let count = 2_000;
    const lines = (): string =>
      itemTexts(count)
        .map((text) => `${text}\n`)
        .join("");
    const endpoint = { answer: () => jsonReply(lines()) };
    await using server = await UnrulyServer.listen({ routes: { "/items": { endpoint } } });
    const source = { type: "http", url: `${server.url}/items`, format: "jsonl", incremental: true };
    for (count of [2_000, 2_003]) await runHere(project, { source, sink: SINK });
    expect(written(project)).toEqual(itemTexts(2_003));
    count = 1_000;
    const summary = await runHere(project, { source, sink: SINK });
    expect(summary.error).toMatchObject({ code: "SOURCE_CHANGED" });
  });
});

test("--limit reads the first items and no more", async () => {
  using project = new Project();
  const endpoint = new ItemsApi({ total: 45, size: SIZE });
  await using server = await UnrulyServer.listen({ routes: { "/items": { endpoint } } });
  const pagination = { type: "cursor", next: "/next" };
  const source = { type: "http", url: `${server.url}/items`, records: "/data", pagination };
  const summary = await runHere(project, { source }, { limit: 25 });
  expect(summary).toMatchObject({ error: null, state: "succeeded", read: 25, written: 25 });
  expect(readFileSync(project.path("out.jsonl"), "utf8").trimEnd().split("\n")).toEqual(itemTexts(25));
});
