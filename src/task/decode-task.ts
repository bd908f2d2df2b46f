/** Decodes the chunk of a task. */
import { isMillraceError, MillraceError } from "../core/errors.ts";
import type { Decoder, RecordBatch } from "../core/ports/format.ts";
import type { Task } from "../core/task.ts";

const LINE_FEED = 10;

/** @throws MillraceError SOURCE_FAILED with the split and the line, where a format can tell no records any more */
export function decodeTask(decoder: Decoder, task: Task): RecordBatch {
  const bytes = new Uint8Array(task.memory, task.begin, task.end - task.begin);
  try {
    return decoder.decode({
      bytes,
      final: task.final,
      truncated: task.truncated,
      ...(task.ends === undefined ? {} : { ends: task.ends }),
      ...(task.fields === undefined ? {} : { fields: task.fields }),
    });
  } catch (thrown) {
    throw isMillraceError(thrown, "SOURCE_FAILED") ? placed(thrown, task, bytes) : thrown;
  }
}

/** The decoder knows a place in its chunk only. */
function placed(error: MillraceError, { split, firstLine }: Task, bytes: Uint8Array): MillraceError {
  const { offset } = error.details;
  const isPlaced = typeof offset === "number" && firstLine !== undefined;
  const line = isPlaced ? firstLine + lineFeeds(bytes.subarray(0, offset)) : undefined;
  return new MillraceError(error.code, `${split}${line === undefined ? "" : `:${line}`}: ${error.message}`, {
    fault: error.fault,
    cause: error,
    details: { split, ...(line === undefined ? {} : { line }) },
  });
}

function lineFeeds(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(LINE_FEED); at !== -1; at = bytes.indexOf(LINE_FEED, at + 1)) count++;
  return count;
}
