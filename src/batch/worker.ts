/** The entry file of a batch's threads. */
import { MillraceError } from "../core/errors.ts";
import { messageOf } from "../core/thrown.ts";
import { serve, workerDataOf } from "../runtime/threads/worker-side.ts";
import { type ChunkReply, type ChunkTask, isTypedArray, sharedSlice, type WorkerSpec } from "./chunk-task.ts";
import { type ReadyMapper, workOff } from "./chunk-work.ts";
import { immovable } from "./item-error.ts";
import { loadMapper } from "./user-module.ts";

const spec = workerDataOf<WorkerSpec>();

async function prepare(): Promise<ReadyMapper> {
  const mapper = await loadMapper(spec.module, spec.export);
  try {
    return { mapper, resources: await mapper.setup?.() };
  } catch (cause) {
    throw new MillraceError("SETUP_FAILED", `${spec.module}: setup failed: ${messageOf(cause)}`, { cause });
  }
}

/** Here, so that loading the module counts as the thread's loading and not as the first item's time. */
const ready: { readonly mapper: ReadyMapper } | { readonly error: unknown } = await prepare().then(
  (mapper) => ({ mapper }),
  (error: unknown) => ({ error }),
);

/** A result that cannot be sent would end the thread without a word; functions that give one such give no others. */
function assertMovable(result: unknown): void {
  try {
    structuredClone(result);
  } catch (cause) {
    throw immovable(messageOf(cause), cause);
  }
}

export default serve<ChunkTask, ChunkReply>(
  async (task, slot) => {
    if ("error" in ready) throw ready.error;
    const { results, failures } = await workOff(ready.mapper, task, slot, spec.stopAtFailure);
    assertMovable(results[0]);
    return { results: isTypedArray(results) ? sharedSlice(results, 0, results.length) : results, failures };
  },
  {
    async onClose() {
      if ("mapper" in ready) await ready.mapper.mapper.teardown?.(ready.mapper.resources);
    },
  },
);
