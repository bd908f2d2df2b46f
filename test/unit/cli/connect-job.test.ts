import { mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { connectJob } from "../../../src/cli/connect-job.ts";
import type { JobConfig } from "../../../src/config/job-shape.ts";
import { defineJob } from "../../../src/index.ts";

test("connectJob() asks an API for its first page, and a streamed reply for its beginning", async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "millrace-connect-"));
  const asked: (string | undefined)[] = [];
  const server = http.createServer(({ url }, response) => {
    asked.push(url);
    response.end(url === "/rows" ? "id,name\n1,a\n" : '{"data":[{"id":1},{"id":2}],"next":"x"}');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const linesOf = async (source: object): Promise<string[]> => {
    const sink = { type: "file", path: "out.jsonl" };
    return await connectJob(defineJob({ name: "items", source, sink } as JobConfig, { baseDir: folder }));
  };
  try {
    const pagination = { type: "cursor", next: "/next" };
    const paged = await linesOf({ type: "http", url: `${base}/items?key=s3cret`, records: "/data", pagination });
    expect(paged[0]).toBe(`http ${base}/items: the first page has 2 records, and more pages behind it`);
    const streamed = await linesOf({ type: "http", url: `${base}/rows`, format: "csv" });
    expect(streamed[0]).toBe(`http ${base}/rows: 1 split, 12 B, fields id, name`);
    expect(asked).toEqual(["/items?key=s3cret", "/rows"]);
  } finally {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  }
});
