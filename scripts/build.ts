/** `npm run build`: src to dist, and WebAssembly beside its sources. What stood in dist stays until the new build is whole. */
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { assembly, compileAssembly } from "./assembly.ts";
import { root } from "./steps.ts";

const next = path.join(root, "dist.next");
const dist = path.join(root, "dist");
const remove = (folder: string) => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });

function compileTypeScript(): number {
  const tsc = path.join(root, "node_modules/typescript/bin/tsc");
  const args = [tsc, "-p", "tsconfig.build.json", "--outDir", next];
  return spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" }).status ?? 1;
}

remove(next);
try {
  process.exitCode = compileTypeScript() || compileAssembly();
  if (process.exitCode === 0) {
    cpSync(assembly, path.join(next, path.relative(path.join(root, "src"), assembly)));
    chmodSync(path.join(next, "cli/main.js"), 0o755);
    remove(dist);
    renameSync(next, dist);
  }
} finally {
  remove(next);
}
