/**
 * Compiles src/formats/csv/assembly to WebAssembly. The module lies beside its sources, so that they run without a build;
 * git does not keep it.
 */
import { spawnSync } from "node:child_process";
import { existsSync, globSync, renameSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { root } from "./steps.ts";

const folder = path.join(root, "src/formats/csv/assembly");

/** Where the module lies. */
export const assembly = path.join(folder, "scan.wasm");

const OPTIONS = [
  ...["-O3", "--noAssert", "--enable", "simd"],
  // it allocates nothing and imports nothing; memory.ts has its pages of 64 KiB
  ...["--runtime", "stub", "--use", "abort=", "--initialMemory", "9", "--maximumMemory", "9"],
  // vectors are passed among its own functions only
  ...["--disableWarning", "112"],
];

/**
 * Compiles; a module that stood there stays until the new one is whole. The exit status: 0 when all is well.
 *
 * In a process of its own: the compiler's types would declare globals for the whole program.
 */
export function compileAssembly(): number {
  const compiler = path.join(root, "node_modules/assemblyscript/bin/asc.js");
  const unfinished = path.join(folder, `scan.${process.pid}.wasm`);
  const args = [compiler, "index.ts", "--baseDir", folder, "--outFile", path.basename(unfinished), ...OPTIONS];
  try {
    const status = spawnSync(process.execPath, args, { cwd: folder, stdio: "inherit" }).status ?? 1;
    if (status === 0) renameSync(unfinished, assembly);
    return status;
  } finally {
    rmSync(unfinished, { force: true });
  }
}

/** Whether the module is missing, or older than what it is made of. */
export function isAssemblyStale(): boolean {
  if (!existsSync(assembly)) return true;
  const compiled = statSync(assembly).mtimeMs;
  const sources = [import.meta.filename, ...globSync("*.ts", { cwd: folder }).map((file) => path.join(folder, file))];
  return sources.some((file) => statSync(file).mtimeMs > compiled);
}
