import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { httpSink } from "../../../../../src/connectors/http/sink/sink.ts";
import { systemClock } from "../../../../../src/core/clock.ts";
import { FROM_THE_START, optionsOf, PatientHost, rowsOf } from "./scripted-server.ts";

/** A real server that cuts every third connection once it has acted. */
class Cutting implements AsyncDisposable {
  readonly seen: string[] = [];
  readonly #server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const { method, url, headers } = request;
      this.seen.push(
        `${method} ${url} ${String(headers["x-who"])} ${headers.authorization} ${headers["content-type"]} ${body}`,
      );
      if (this.seen.length % 3 === 0) return request.socket.destroy();
      response.statusCode = body.includes("bad") ? 422 : 200;
      return response.end(body.includes("bad") ? "no such thing" : "{}");
    });
  });

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString();
}

test("an http sink reaches a real server: address, headers and bodies as they are meant, replies lost or not", async () => {
  await using server = new Cutting();
  const base = await server.listen();
  const options = optionsOf({
    url: `${base}/items/{id}?note={note}`,
    method: "PUT",
    headers: { "X-Who": { field: "who" }, "content-type": "application/vnd.item+json" },
    auth: { type: "bearer", token: "t0ken" },
    concurrency: 2,
  });
  const context = { name: "sink", baseDir: ".", clock: systemClock };
  await using bound = await httpSink.resolve(options, context);
  expect(bound.label).toBe(`http PUT ${base}/items/{id}`);
  const session = { job: "push", run: "r", scope: "r", sink: "sink", resumed: false, host: new PatientHost() };
  await using writer = await bound.open({ ...session, signal: new AbortController().signal });
  const unit = await writer.begin("fast", null);
  const records = [
    { id: "../a b", note: "x&y=#1", who: "Zoë" },
    { id: "bad", note: "", who: null },
    ...Array.from({ length: 20 }, (_, id) => ({ id, note: "n", who: null })),
  ];
  await unit.write(rowsOf(records, bound.encode.attached), FROM_THE_START);
  const [outcome] = (await unit.answers?.()) ?? [];
  await unit.commit([], []);
  expect(outcome?.rejects).toEqual([
    {
      record: 1,
      code: "ROW_REFUSED",
      message: expect.stringMatching(/^sink\.url: PUT .*\/items\/bad answered 422 .*no such thing/),
    },
  ]);
  expect(new Set(server.seen).size).toBe(22);
  expect(server.seen).toContain(
    `PUT /items/..%2Fa%20b?note=x%26y%3D%231 Zoë Bearer t0ken application/vnd.item+json ${JSON.stringify(records[0])}`,
  );
  expect(writer.pools?.()).toMatchObject({ "http sink requests": 0 });
});
