import { describe, expect, test } from "vitest";
import { Ownership } from "../../../../src/connectors/kafka/ownership.ts";
import { PositionTopic } from "../../../../src/connectors/kafka/position-topic.ts";
import { systemClock } from "../../../../src/core/clock.ts";
import { NO_COUNTS } from "../../../../src/core/ledger.ts";
import { originPosition } from "../../../../src/core/position.ts";
import { MemoryCluster } from "../../../support/kafka/memory-cluster.ts";

const KEY = { job: "load", sink: "sink", scope: "" };
const CLAIMS = [{ split: "a", origin: originPosition("0") }];

describe("Ownership.claim()", () => {
  test("does not wait for a transaction that a killed owner left open, but ends it", async () => {
    const cluster = new MemoryCluster();
    const killed = processOf(cluster);
    const [before] = await killed.ownership.claim(CLAIMS);
    const step = { split: "a", epoch: 1, from: 0n, to: { ordinal: 9n, token: "9" }, counts: NO_COUNTS };
    await killed.ownership.store(await killed.ownership.begin(), [step]);

    const next = processOf(cluster);
    const [after] = await next.ownership.claim(CLAIMS);
    expect([before, after]).toMatchObject([
      { epoch: 1, position: { ordinal: 0n } },
      { epoch: 2, position: { ordinal: 0n } },
    ]);
    expect(next.calls).not.toContain("wait for positions");
  });

  test("fences an owner, too, that stands behind a transaction that is open at the first look", async () => {
    const cluster = new MemoryCluster();
    await processOf(cluster).ownership.claim(CLAIMS);
    const killed = processOf(cluster);
    await killed.ownership.claim([{ split: "b", origin: originPosition("0") }]);
    const step = { split: "b", epoch: 1, from: 0n, to: { ordinal: 9n, token: "9" }, counts: NO_COUNTS };
    const [committed, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let isSent = false;
    const owner = processOf(cluster, async (call) => {
      if (call === "send to positions" && !isSent) {
        await killed.ownership.store(await killed.ownership.begin(), [step]);
        isSent = true;
      } else if (isSent && call === "read positions") {
        committed.resolve();
        await goOn.promise;
      }
    });
    const claiming = owner.ownership.claim(CLAIMS);
    await committed.promise;

    const last = processOf(cluster);
    expect(await last.ownership.claim(CLAIMS)).toMatchObject([{ split: "a", epoch: 3 }]);
    goOn.resolve();
    await claiming;
    const late = { ...step, split: "a", epoch: 2 };
    const transaction = await owner.ownership.begin();
    await expect(owner.ownership.store(transaction, [late])).rejects.toMatchObject({ code: "FENCED" });
  });
});

/** A process, and the calls that it has made. @param before awaited before a call */
function processOf(
  cluster: MemoryCluster,
  before: (call: string) => Promise<void> = async () => {},
): { readonly ownership: Ownership; readonly calls: readonly string[] } {
  const calls: string[] = [];
  const client = cluster.client(async (call) => {
    calls.push(call);
    await before(call);
    return "ok";
  });
  const session = { ...KEY, run: "r", signal: new AbortController().signal, resumed: false };
  const topic = new PositionTopic(client, "positions", KEY);
  return { ownership: new Ownership({ client, topic, session, clock: systemClock }), calls };
}
