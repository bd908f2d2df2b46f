/** Orders as JSON lines, kept for the next time. */
import { existsSync } from "node:fs";
import { runJobFile } from "./millrace.ts";
import type { Workshop } from "./workshop.ts";

/** The file: all of them, texts as they stand in the CSV. */
export async function orderLines(workshop: Workshop, rows: number): Promise<string> {
  const file = workshop.cached(`lines-${rows}.jsonl`);
  const source = { type: "file", path: workshop.orders(rows) };
  if (!existsSync(file))
    await runJobFile(workshop, rows, { name: "lines", source, sink: { type: "file", path: file } });
  return file;
}
