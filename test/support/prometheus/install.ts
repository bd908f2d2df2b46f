/** Prometheus itself and its promtool: those of the machine, or Debian's package taken apart once in an ignored folder. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { messageOf } from "../../../src/core/thrown.ts";
import { takeProcessLock } from "../process-lock.ts";

const CACHE = path.resolve(import.meta.dirname, "../../../.cache/prometheus");
const PACKAGE = path.join(CACHE, "package");
const APT_TIMEOUT_MS = 3 * 60_000;

/** Where the two programs are. */
export interface PrometheusPrograms {
  readonly prometheus: string;
  readonly promtool: string;
}

/**
 * The programs; the first call of all processes fetches them, in a few seconds, and the others wait for it. Nothing is
 * installed: no right but to write the cache is needed, except where apt has no lists yet.
 *
 * @returns a sentence where there are none and none can be had
 */
export async function findPrometheus(): Promise<PrometheusPrograms | string> {
  const present = presentIn(path.join(PACKAGE, "usr/bin")) ?? onPath();
  if (present !== undefined) return present;
  using _lock = await takeProcessLock(path.join(CACHE, "lock"));
  try {
    if (!existsSync(PACKAGE)) await fetchPackage();
  } catch (thrown) {
    return `neither on PATH nor from apt is there a Prometheus: ${messageOf(thrown).trim().split("\n").at(-1)}`;
  }
  return presentIn(path.join(PACKAGE, "usr/bin")) ?? "apt's package prometheus has no promtool";
}

function presentIn(folder: string): PrometheusPrograms | undefined {
  const [prometheus, promtool] = [path.join(folder, "prometheus"), path.join(folder, "promtool")];
  return existsSync(prometheus) && existsSync(promtool) ? { prometheus, promtool } : undefined;
}

function onPath(): PrometheusPrograms | undefined {
  for (const folder of (process.env["PATH"] ?? "").split(path.delimiter)) {
    const present = folder === "" ? undefined : presentIn(folder);
    if (present !== undefined) return present;
  }
  return undefined;
}

/** Unpacked beside its place, which it takes at last: a process that is killed leaves nothing half done there. */
async function fetchPackage(): Promise<void> {
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(path.join(CACHE, "fetched-"));
  try {
    try {
      await run("apt-get", ["download", "prometheus"], folder);
    } catch {
      await run("apt-get", ["update"], folder);
      await run("apt-get", ["download", "prometheus"], folder);
    }
    const [file = ""] = readdirSync(folder).filter((name) => name.endsWith(".deb"));
    await run("dpkg-deb", ["-x", file, "unpacked"], folder);
    renameSync(path.join(folder, "unpacked"), PACKAGE);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function run(command: string, args: readonly string[], cwd: string): Promise<void> {
  await promisify(execFile)(command, args, { cwd, timeout: APT_TIMEOUT_MS });
}
