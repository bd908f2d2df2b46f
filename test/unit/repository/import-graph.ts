/** Reads which module imports which, without a compiler: the sources are formatted, so their imports have few shapes. */
import { readFileSync } from "node:fs";
import path from "node:path";

export interface Import {
  /** As written. */
  readonly specifier: string;
  /** Erased before anything runs: `import type`, `export type`, `typeof import()`. */
  readonly typeOnly: boolean;
  /** `import()`: evaluated only when the code comes by. */
  readonly dynamic: boolean;
}

/** A module of ours that imports another module of ours; paths are relative to src, with `/`. */
export interface Arrow extends Import {
  readonly from: string;
  readonly to: string;
}

export interface Graph {
  readonly files: readonly string[];
  readonly arrows: readonly Arrow[];
  /** Imports of packages and of Node's own modules, by importing file. */
  readonly packages: readonly (Import & { readonly from: string })[];
}

const comment = /\/\*[^]*?\*\/|^\s*\/\/.*$/gm;
const importStatement = /^import\s+(?<type>type\s+)?(?:[\w$*{}\s,]+?\s+from\s+)?["'](?<specifier>[^"']+)["']/gm;
const exportStatement =
  /^export\s+(?<type>type\s+)?(?:\*(?:\s+as\s+[\w$]+)?|\{[^}]*\})\s+from\s+["'](?<specifier>[^"']+)["']/gm;
const importCall = /(?<type>\btypeof\s+)?\bimport\(\s*["'](?<specifier>[^"']+)["']/gm;

/** Every import of a source text. */
export function importsOf(source: string): Import[] {
  const code = source.replaceAll(comment, "");
  const found = (shape: RegExp, dynamic: boolean) =>
    Array.from(code.matchAll(shape), ({ groups }) => ({
      specifier: groups?.["specifier"] ?? "",
      typeOnly: groups?.["type"] !== undefined,
      dynamic: dynamic && groups?.["type"] === undefined,
    }));
  return [...found(importStatement, false), ...found(exportStatement, false), ...found(importCall, true)];
}

/** The graph of sources given as text by their path below src. */
export function graphOf(sources: ReadonlyMap<string, string>): Graph {
  const arrows: Arrow[] = [];
  const packages: Graph["packages"][number][] = [];
  for (const [from, text] of sources) {
    for (const found of importsOf(text)) {
      if (found.specifier.startsWith(".")) {
        arrows.push({ ...found, from, to: path.posix.join(path.posix.dirname(from), found.specifier) });
      } else {
        packages.push({ ...found, from });
      }
    }
  }
  return { files: [...sources.keys()], arrows, packages };
}

/** The text of these files below `folder`. */
export function read(folder: string, files: readonly string[]): Map<string, string> {
  return new Map(files.map((file) => [file, readFileSync(path.join(folder, file), "utf8")]));
}

/** The first folder of a path below src; a file directly in src is a room of its own name. */
export function roomOf(file: string): string {
  const [first = ""] = file.split("/");
  return first.replace(/\.ts$/, "");
}

/** Each cycle among the arrows, as the files passed through, first one repeated at the end. */
export function cyclesOf(files: readonly string[], arrows: readonly Arrow[]): string[][] {
  const next = Map.groupBy(arrows, (arrow) => arrow.from);
  const state = new Map<string, "open" | "done">();
  const trail: string[] = [];
  const cycles: string[][] = [];
  const visit = (file: string): void => {
    if (state.get(file) === "open") cycles.push([...trail.slice(trail.indexOf(file)), file]);
    if (state.has(file)) return;
    state.set(file, "open");
    trail.push(file);
    for (const { to } of next.get(file) ?? []) visit(to);
    trail.pop();
    state.set(file, "done");
  };
  for (const file of files) visit(file);
  return cycles;
}

/** Every file reached from `start` by imports that run when it is loaded. */
export function loadedBy(start: string, arrows: readonly Arrow[]): Set<string> {
  const eager = Map.groupBy(
    arrows.filter((arrow) => !arrow.typeOnly && !arrow.dynamic),
    (arrow) => arrow.from,
  );
  const reached = new Set([start]);
  for (const file of reached) for (const { to } of eager.get(file) ?? []) reached.add(to);
  return reached;
}
