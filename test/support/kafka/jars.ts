/** Kafka itself: fetched once by Maven into an ignored cache folder, with an archive of its classes beside it. */
import { execFile } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { takeProcessLock } from "../process-lock.ts";
import { KafkaBroker } from "./cluster.ts";
import { failed } from "./failed.ts";
import { type Installation, javaVersion, whatIsMissing } from "./java.ts";

const POM = path.join(import.meta.dirname, "pom.xml");
const CACHE = path.resolve(import.meta.dirname, "../../../.cache/kafka");
const FETCH_TIMEOUT_MS = 10 * 60_000;

/** Why no broker can run on this machine, as one sentence; undefined where one can. */
export async function kafkaMissing(): Promise<string | undefined> {
  const version = await javaVersion();
  return whatIsMissing(version, version !== undefined && existsSync(cacheOf(version).stamp));
}

/** The jars; the first call of all processes fetches them, in up to a minute, and the others wait for it. */
export async function installKafka(): Promise<Installation> {
  const { folder, stamp } = cacheOf((await javaVersion()) ?? "");
  if (!existsSync(stamp)) {
    using _lock = await takeProcessLock(path.join(CACHE, "lock"));
    if (!existsSync(stamp)) await fill(folder, stamp);
  }
  return { jars: jarsOf(folder), archive: archiveOf(folder) };
}

/** Named by what it was made from: what is fetched, and the Java the archive is for. The stamp is written last. */
function cacheOf(java: string): { readonly folder: string; readonly stamp: string } {
  const name = createHash("sha256").update(readFileSync(POM)).update(java).digest("hex").slice(0, 16);
  const folder = path.join(CACHE, name);
  return { folder, stamp: path.join(folder, "complete") };
}

async function fill(folder: string, stamp: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  // A Maven whose caller was killed may still write; it has a folder of its own.
  const fetched = path.join(folder, randomUUID());
  await fetchJars(fetched);
  renameSync(fetched, path.join(folder, "lib"));
  // Java writes down which classes a broker loads when that broker ends.
  const broker = await KafkaBroker.start({ jars: jarsOf(folder) }, {}, [
    `-XX:ArchiveClassesAtExit=${archiveOf(folder)}`,
  ]);
  await broker.stop();
  await broker[Symbol.asyncDispose]();
  writeFileSync(stamp, "");
}

async function fetchJars(target: string): Promise<void> {
  const goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", `-DoutputDirectory=${target}`];
  try {
    await promisify(execFile)("mvn", ["-B", "-q", "-f", POM, ...goal], { timeout: FETCH_TIMEOUT_MS });
  } catch (thrown) {
    const { message, stdout } = thrown as Error & { stdout?: string };
    throw failed("Maven did not fetch the jars", `${message}\n${stdout ?? ""}`);
  }
}

/** In a fixed order: the archive holds for that order alone. */
function jarsOf(folder: string): string[] {
  const lib = path.join(folder, "lib");
  const names = readdirSync(lib).filter((name) => name.endsWith(".jar"));
  return names.sort().map((name) => path.join(lib, name));
}

function archiveOf(folder: string): string {
  return path.join(folder, "classes.jsa");
}
