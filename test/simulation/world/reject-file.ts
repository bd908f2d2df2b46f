/** A place of its own for rejects: a file that is cut back when a process takes it up. */
import type { RejectStore } from "../../../src/core/ports/reject-store.ts";
import type { Reject } from "../../../src/core/reject.ts";
import type { RejectFile } from "../../../src/pipeline/rejects/reject-places.ts";
import { MemoryRejects } from "../../../src/state/memory-rejects.ts";
import { type Faults, unreachable } from "./faults.ts";
import { fileStep } from "./row-file.ts";
import type { SimulatedProcess } from "./process.ts";

/** The file, under whatever name; taking it up makes it a new file, so that a zombie writes into nothing. */
export class RejectFolder {
  current: Reject[] = [];
  published = false;
}

/** What a replay's view of the file needs. */
export interface RejectFileOptions {
  readonly folder: RejectFolder;
  readonly process: SimulatedProcess;
  readonly faults: Faults;
  /** Told when the file was made anew. */
  readonly onRewritten: () => Promise<void>;
}

/** The file as a replay sees it: a reject's number is that of its line. */
export function rejectFileOf({ folder, process, faults, onRewritten }: RejectFileOptions): RejectFile {
  const step = (name: string): Promise<void> => fileStep({ process, faults }, `rejects: ${name}`);
  const lines = (): MemoryRejects => {
    const rejects = new MemoryRejects();
    rejects.add(folder.current);
    return rejects;
  };
  return {
    async listRejects(filter) {
      await step("list");
      return lines().list(filter);
    },
    async groupRejects(filter) {
      await step("group");
      return lines().group(filter);
    },
    async rewrite(_run, change) {
      const before = folder.current;
      await step("write anew");
      await step("rename");
      folder.current = before.flatMap(change);
      await onRewritten();
    },
  };
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
