/** "Did you mean": the path or glob that was probably meant by one that matches nothing. */
import { glob, readdir, stat } from "node:fs/promises";
import path from "node:path";

/** Names of a folder that are looked at; a guess is not worth more. */
const MOST_NAMES = 1000;

/**
 * A sentence on what stands where nothing was found: the nearest path that exists, else what the folder holds.
 *
 * @param pattern a path or glob as the job spells it
 */
export async function nearMiss(pattern: string, baseDir: string): Promise<string> {
  const parts = pattern.split("/");
  const last = parts.length - 1;
  for (let i = 0; i <= last; i++) {
    const folder = parts.slice(0, i).join("/") || (pattern.startsWith("/") ? "/" : ".");
    const part = parts[i] ?? "";
    if (i < last && (part === "" || (await isFolder(path.resolve(baseDir, folder, part))))) continue;
    const names = await namesIn(path.resolve(baseDir, folder), i === last ? "file" : "folder");
    const corrected = nearestSegment(part, names);
    if (corrected === undefined)
      return i === last ? contents(folder, names) : `the folder ${folder}/${part} does not exist`;
    const suggestion = [...parts.slice(0, i), corrected, ...parts.slice(i + 1)].join("/");
    return i === last || (await countFiles(suggestion, baseDir)) > 0
      ? `did you mean ${suggestion}${await counted(suggestion, baseDir)}?`
      : `the folder ${folder}/${part} does not exist; there is ${corrected}`;
  }
  return contents(pattern, []);
}

/**
 * The pattern with the fewest edits that fits one of the names: wildcards stay and cost nothing.
 *
 * @example
 * nearestSegment("order-*.csv", ["orders-1.csv"]); // "orders-*.csv"
 */
export function nearestSegment(pattern: string, names: readonly string[]): string | undefined {
  const literals = pattern.replaceAll(/[*?]/g, "").length;
  let best: Alignment = { cost: Math.ceil(literals / 3) + 1, text: "" };
  const limit = best.cost;
  for (const name of names) {
    const fit = align(pattern, name);
    if (fit.cost < best.cost) best = fit;
  }
  return best.cost < limit ? best.text : undefined;
}

/** Edits so far, and the pattern with these edits made. */
interface Alignment {
  readonly cost: number;
  readonly text: string;
}

const NEVER: Alignment = { cost: Number.POSITIVE_INFINITY, text: "" };

/**
 * Wagner and Fischer's edit distance (1974) row by row over the pattern, where `?` stands for any character and `*` for
 * any number of them, and each cell also keeps what it made of the pattern.
 */
function align(pattern: string, name: string): Alignment {
  let last: Alignment[] = Array.from({ length: name.length + 1 }, (_, j) => ({ cost: j, text: name.slice(0, j) }));
  for (const wanted of pattern) {
    const row: Alignment[] = [];
    for (let j = 0; j <= name.length; j++) row.push(cell(wanted, name[j - 1], last[j], last[j - 1], row[j - 1]));
    last = row;
  }
  return last[name.length] ?? NEVER;
}

function cell(
  wanted: string,
  found: string | undefined,
  above: Alignment = NEVER,
  diagonal: Alignment = NEVER,
  left: Alignment = NEVER,
): Alignment {
  if (wanted === "*") return cheapest(edit(above, 0, "*"), left);
  const kept = wanted === "?" ? "?" : (found ?? "");
  const same = wanted === "?" || wanted === found;
  return cheapest(edit(diagonal, same ? 0 : 1, kept), edit(above, 1, ""), edit(left, 1, found ?? ""));
}

function edit({ cost, text }: Alignment, more: number, added: string): Alignment {
  return { cost: cost + more, text: text + added };
}

function cheapest(first: Alignment, ...others: readonly Alignment[]): Alignment {
  return others.reduce((best, other) => (other.cost < best.cost ? other : best), first);
}

async function isFolder(folder: string): Promise<boolean> {
  return stat(folder).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

async function namesIn(folder: string, kind: "file" | "folder"): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const fitting = entries.filter((entry) => (kind === "folder" ? entry.isDirectory() : !entry.isDirectory()));
  return fitting
    .map(({ name }) => name)
    .toSorted()
    .slice(0, MOST_NAMES);
}

async function countFiles(pattern: string, baseDir: string): Promise<number> {
  let count = 0;
  for await (const _ of glob(pattern, { cwd: baseDir })) count++;
  return count;
}

async function counted(pattern: string, baseDir: string): Promise<string> {
  if (!/[*?]/.test(pattern)) return "";
  const count = await countFiles(pattern, baseDir);
  return ` (${count} ${count === 1 ? "file" : "files"})`;
}

function contents(folder: string, names: readonly string[]): string {
  const [first] = names;
  if (first === undefined) return `the folder ${folder} holds no files`;
  return `the folder ${folder} holds ${names.length} other ${names.length === 1 ? "file" : "files"}, such as ${first}`;
}
