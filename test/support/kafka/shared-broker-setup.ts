/**
 * Owns the broker that the test files of one run share. The files run in processes of their own, one after the other, so
 * it lives here, in the process that starts them; the first file that needs it asks over HTTP.
 */
import { once } from "node:events";
import http from "node:http";
import type { TestProject } from "vitest/node";
import { startBroker } from "./broker.ts";
import type { KafkaBroker } from "./cluster.ts";
import { kafkaMissing } from "./jars.ts";

/** What the test files get to know. */
export interface SharedBroker {
  /** Where they ask: answers with the broker's addresses, once it runs. */
  readonly url: string;
  /** Why there can be none on this machine. */
  readonly missing?: string | undefined;
}

declare module "vitest" {
  interface ProvidedContext {
    kafka: SharedBroker;
  }
}

/** Before the first test file; gives back what is done after the last. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const missing = await kafkaMissing();
  if (missing !== undefined) console.log(`tests that need Kafka cannot run: ${missing}`);
  let broker: Promise<KafkaBroker> | undefined;
  const server = http.createServer((_, response) => {
    broker ??= startBroker();
    broker.then(
      ({ brokers }) => response.end(JSON.stringify(brokers)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = address === null || typeof address === "string" ? 0 : address.port;
  project.provide("kafka", { url: `http://127.0.0.1:${port}/`, missing });
  return async () => {
    server.close();
    server.closeAllConnections();
    const started = await broker?.catch(() => undefined);
    await started?.[Symbol.asyncDispose]();
  };
}
