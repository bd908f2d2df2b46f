import { describe, test } from "vitest";
import { BoundHttpSink } from "../../../../../src/connectors/http/sink/sink.ts";
import { sinkCases, type SinkSubject } from "../../../../../src/spi/conformance/sink-cases.ts";
import { FakeClock } from "../../../../../src/testing/fake-clock.ts";
import { optionsOf, ScriptedServer } from "./scripted-server.ts";

/** A server that acts once a key. */
class Endpoint implements AsyncDisposable {
  readonly server = new ScriptedServer();
  readonly bodies = new Map<string, string>();

  constructor() {
    this.server.says = ({ headers, body }) => {
      const key = headers["idempotency-key"] as string;
      if (!this.bodies.has(key)) this.bodies.set(key, body);
      return 200;
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

function subject(given: Parameters<typeof optionsOf>[0]): SinkSubject<Endpoint> {
  return {
    open: async () => new Endpoint(),
    bind: async ({ server }) =>
      new BoundHttpSink(optionsOf(given), { name: "sink", clock: new FakeClock() }, async (headers) =>
        server.connect(headers),
      ),
    record: (number) => ({ id: number }),
    seen: async ({ bodies }) =>
      [...bodies.values()].flatMap((body) => JSON.parse(body) as { readonly id: number }).map(({ id }) => id),
    held: ({ server }) => server.open + server.inFlight,
  };
}

/** What was sent has had its effect, and a request cannot be taken back. */
const OF_OTHERS = "sink: a unit that is rolled back leaves nothing";

describe.each([
  ["one request a record", { concurrency: 4 }],
  ["batches", { batch: { records: 3 }, concurrency: 2 }],
  ["addresses and headers of fields", { url: "https://api.example.com/{id}", headers: { "x-id": { field: "id" } } }],
])("http sink, %s", (_, given) => {
  const cases = sinkCases(subject(given)).filter(({ name }) => name !== OF_OTHERS);
  for (const { name, run } of cases) test(name, run);
});
