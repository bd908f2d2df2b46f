/** A place of its own for rejects: a file that is cut back when a process takes it up. */
import type { RejectStore } from "../../../src/core/ports/sink.ts";
import type { Reject } from "../../../src/core/reject.ts";
import { type Faults, unreachable } from "./faults.ts";
import type { SimulatedProcess } from "./process.ts";

/** The file, under whatever name; taking it up makes it a new file, so that a zombie writes into nothing. */
export class RejectFolder {
  current: Reject[] = [];
  published = false;
}

/** Opens the file for one process. */
export function openRejectFolder(folder: RejectFolder, process: SimulatedProcess, faults: Faults): RejectStore {
  let lines: Reject[] = [];
  const step = async (name: string): Promise<void> => {
    const fate = faults.fate();
    await process.step(name);
    if (fate === "unsent") throw unreachable(name);
  };
  return {
    async append(rejects) {
      await step("rejects: append");
      lines.push(...rejects);
    },
    async resume(committed) {
      await step("rejects: resume");
      lines = folder.current.filter(({ split, sink, position }) => position.ordinal < committed.before(split, sink));
      folder.current = lines;
    },
    async publish() {
      await step("rejects: publish");
      if (folder.current === lines) folder.published = true;
    },
    async [Symbol.asyncDispose]() {},
  };
}
