/** `millrace/http` against a server that misbehaves on purpose. */
import { describe, expect, test } from "vitest";
import { mapConcurrent } from "../../../src/batch/index.ts";
import { createHttp, path } from "../../../src/http/index.ts";
import { ActingEndpoint } from "../../support/http/acting-endpoint.ts";
import type { Fault } from "../../support/http/fault.ts";
import type { FaultRule } from "../../support/http/fault-plan.ts";
import { idsTo } from "../../support/http/jobs.ts";
import { type Endpoint, jsonReply } from "../../support/http/reply.ts";
import { TokenOffice } from "../../support/http/token-office.ts";
import { BROKEN_ANSWERS, IMPATIENT, REFUSALS } from "../../support/http/transient-faults.ts";
import { UnrulyServer } from "../../support/http/unruly-server.ts";

const RETRY = { for: "30s", initialDelay: "5ms", maxDelay: "20ms" } as const;
const USERS: Endpoint = { answer: ({ url }) => jsonReply(`{"id":${url.searchParams.get("id")}}`) };

/** Each fault in turn, at every fourth request. */
function everyFourth(faults: readonly Fault[]): readonly FaultRule[] {
  return faults.map((fault, index) => ({
    fault,
    at: idsTo(100).map((round) => 4 * (round * faults.length + index + 1)),
  }));
}

describe("calls of millrace/http", () => {
  test("are answered each, through every fault that passes and tokens that run out, 20 at once", async () => {
    const client = { clientId: "etl", clientSecret: "s3cr3t-of-client" };
    const office = new TokenOffice({ ...client, goodFor: 150 });
    const faults = everyFourth([...REFUSALS, ...BROKEN_ANSWERS]);
    await using server = await UnrulyServer.listen({
      routes: { "/token": { endpoint: office }, "/v1/users": { endpoint: office.guard(USERS), faults } },
    });
    const auth = { type: "oauth2", tokenUrl: `${server.url}/token`, ...client } as const;
    await using api = await createHttp({
      url: `${server.url}/v1`,
      auth,
      concurrency: 20,
      timeout: IMPATIENT,
      retry: RETRY,
    });
    const users = await mapConcurrent(
      idsTo(500),
      (id, _index, signal) => api.getJson<{ readonly id: number }>("users", { query: { id }, signal }),
      { concurrency: 100 },
    );
    expect(users).toEqual(idsTo(500).map((id) => ({ id })));
    expect(server.mostAtOnce).toBeLessThanOrEqual(20);
    expect(server.seen.filter(({ fault }) => fault !== null).length).toBeGreaterThan(100);
    expect(api.stats).toMatchObject({ active: 0, waiting: 0 });
    expect(office.issued).toBeGreaterThan(3);
  });

  test("that act are sent again with a key, and act once; without one they are given up, and act once at most", async () => {
    const endpoint = new ActingEndpoint();
    const faults = everyFourth([{ does: "lose" }, { does: "fail-after", status: 502 }]);
    await using server = await UnrulyServer.listen({ routes: { "/orders": { endpoint, faults } } });
    await using api = await createHttp({ url: server.url, concurrency: 10, timeout: IMPATIENT, retry: RETRY });
    const post = (id: number, headers: Readonly<Record<string, string>>) =>
      api.request("orders", { json: { id }, headers }).then(
        ({ status }) => status,
        (error: { readonly code: string }) => error.code,
      );
    const keyed = await mapConcurrent(idsTo(100), (id) => post(id, { "idempotency-key": `order-${id}` }));
    expect(new Set(keyed)).toEqual(new Set([200]));
    expect(endpoint.repetitions).toBeGreaterThan(10);
    const single = await mapConcurrent(idsTo(100), (id) => post(1_000 + id, {}));
    expect(new Set(single)).toEqual(new Set([200, 502, "REQUEST_FAILED"]));
    expect(endpoint.ids.toSorted((a, b) => a - b)).toEqual([...idsTo(100), ...idsTo(100).map((id) => 1_000 + id)]);
  });

  test("say what the server said, and no secret", async () => {
    const endpoint: Endpoint = { answer: () => jsonReply('{"error":"not yours, s3cr3t-token"}', 403) };
    await using server = await UnrulyServer.listen({ routes: { "/users/7": { endpoint } } });
    const auth = { type: "bearer", token: "s3cr3t-token" } as const;
    await using api = await createHttp({ url: `${server.url}?key=s3cr3t-key`, auth });
    const error = await api.getJson(path`users/${7}`).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "REQUEST_FAILED", details: { status: 403 } });
    expect(String(error)).toContain(`GET ${server.url}/users/7 answered 403 Forbidden: {"error":"not yours, ***"}`);
    expect(JSON.stringify(error) + String(error)).not.toMatch(/s3cr3t/);
    expect(server.seen.map(({ url, headers }) => [url.search, headers["authorization"]])).toEqual([
      ["?key=s3cr3t-key", "Bearer s3cr3t-token"],
    ]);
  });
});
