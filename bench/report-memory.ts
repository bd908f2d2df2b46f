/** How a contender tells its figures: one JSON object as the last line of its standard error. */

/** Tells the peak of the process's memory. */
export function reportMemory(): void {
  process.stderr.write(`${JSON.stringify({ peakMemoryBytes: process.resourceUsage().maxRSS * 1024 })}\n`);
}

/** Reads it back. */
export function reportedMemory(stderr: string): { peakMemoryBytes?: number } {
  const last = stderr.trimEnd().split("\n").at(-1) ?? "";
  if (!last.startsWith("{")) return {};
  const { peakMemoryBytes } = JSON.parse(last) as { peakMemoryBytes?: number };
  return peakMemoryBytes === undefined ? {} : { peakMemoryBytes };
}
