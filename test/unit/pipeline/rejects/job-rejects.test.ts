import { expect, test } from "vitest";
import { defineJob } from "../../../../src/config/define-job.ts";
import { JobRejects, type NamedReject } from "../../../../src/pipeline/rejects/job-rejects.ts";
import { runJob } from "../../../../src/pipeline/run-job.ts";
import { openMemoryStore } from "../../../../src/state/memory.ts";
import { MemorySink } from "../../../../src/testing/memory-sink.ts";
import { MemorySource } from "../../../../src/testing/memory-source.ts";

test("JobRejects.all() goes on behind any of them, through all places", async () => {
  const lines = Array.from({ length: 12 }, (_, id) => (id % 4 === 3 ? "broken" : `{"id":${id}}`));
  const job = defineJob({
    name: "orders",
    source: new MemorySource({ "orders.jsonl": `${lines.join("\n")}\n` }),
    sinks: { archive: refusing(2), warehouse: refusing(3) },
    errors: { maxRejectRate: 1 },
  });
  await using state = openMemoryStore();
  const { run } = await runJob(job, { state });
  await using rejects = await JobRejects.open(job, { state });
  const all = await refsOf(rejects.all({ run }));
  expect(new Set(all.map((ref) => ref.replace(/\d+$/, "")))).toEqual(new Set(["", "archive:", "warehouse:"]));
  for (const [at, ref] of all.entries()) {
    expect(rejects.isRef(ref)).toBe(true);
    expect(await refsOf(rejects.all({ run }, ref))).toEqual(all.slice(at + 1));
  }
  expect(["nowhere:1", "archive:", "archive:x", ""].filter((ref) => rejects.isRef(ref))).toEqual([]);
});

function refusing(every: number): MemorySink {
  return new MemorySink({
    refuse: (record) => ((record as { readonly id: number }).id % every === 0 ? "not this one" : undefined),
  });
}

async function refsOf(rejects: AsyncIterable<NamedReject>): Promise<readonly string[]> {
  return (await Array.fromAsync(rejects)).map(({ ref }) => ref);
}
