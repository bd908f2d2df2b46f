/** Holds all ways of doing a job to the same results: generated code and plain, passed on and read, however it is cut. */
import type { Fate } from "./fate.ts";
import { drawJob, type FuzzJob, formatsWith } from "./job.ts";
import { type Course, walk, type Way } from "./walk.ts";

/** The plain way first. */
function waysOf({ stretch }: FuzzJob): readonly [Way, ...Way[]] {
  const format = formatsWith({ stretch });
  const plain = formatsWith({ stretch, plainScanner: true });
  return [
    { name: "plain", generateAfter: Number.POSITIVE_INFINITY, passes: false, format: plain },
    { name: "generated at once", generateAfter: 0, passes: false, format },
    { name: "generated later, passed on", generateAfter: 3, passes: true, format },
  ];
}

/** What differs, in words; nothing where all is well. */
export function fuzzCodec(seed: number): readonly string[] {
  const job = drawJob(seed);
  const [plainly, ...others] = waysOf(job);
  const findings: string[] = [];
  const expected = job.chunkings.map((sizes) => walk(job, plainly, sizes));
  expected.forEach((plain, i) => {
    const sizes = (job.chunkings[i] as readonly number[]).join(" ");
    if (i > 0) findings.push(...differences(`chunks of ${sizes}`, expected[0] as Course, plain, isAlike));
    for (const way of others) {
      const course = walk(job, way, job.chunkings[i] as readonly number[]);
      findings.push(...differences(`${way.name}, chunks of ${sizes}`, plain, course, isSame));
    }
  });
  return findings.map((finding) => `${shown(job)}\n    ${finding}`);
}

/** The first difference. */
function differences(
  what: string,
  expected: Course,
  found: Course,
  agree: (expected: Fate, found: Fate) => boolean,
): readonly string[] {
  // where a source breaks off, the records before it in the same chunk are lost with it
  const isEndAlike = expected.broken !== null || expected.fates.length === found.fates.length;
  if (expected.broken !== found.broken || !isEndAlike) {
    return [
      `${what}: ${expected.fates.length} records, ${expected.broken}; found ${found.fates.length}, ${found.broken}`,
    ];
  }
  const record = expected.fates.findIndex((fate, i) => found.fates[i] !== undefined && !agree(fate, found.fates[i]));
  if (record < 0) return [];
  return [
    `${what}: record ${record}: ${JSON.stringify(expected.fates[record])}\n    found ${JSON.stringify(found.fates[record])}`,
  ];
}

function isSame(expected: Fate, found: Fate): boolean {
  return JSON.stringify(expected) === JSON.stringify(found);
}

/** Chunks decide how much is seen of a record that is too large, and which rows follow one that only text could hold. */
function isAlike(expected: Fate, found: Fate): boolean {
  if (expected.begin !== found.begin) return false;
  const isGuess = expected.end < 0 || found.end < 0;
  if (isGuess) return expected.rejects.length === found.rejects.length;
  if (expected.end !== found.end || JSON.stringify(expected.rejects) !== JSON.stringify(found.rejects)) return false;
  if (expected.rows.length !== found.rows.length) return false;
  return expected.rows.every((row, i) => {
    const other = found.rows[i];
    return other !== undefined && row.sink === other.sink && (row.form !== other.form || row.bytes === other.bytes);
  });
}

function shown({ source, transform, sinks }: FuzzJob): string {
  const { spec, bytes } = source;
  const text = Buffer.from(bytes).toString("latin1").slice(0, 2_000);
  return `${JSON.stringify(spec)}, ${transform === null ? "identity" : "a transform"} -> ${JSON.stringify(sinks)}\n    ${JSON.stringify(text)}`;
}
