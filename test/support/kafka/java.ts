/** The Java that runs the broker: which one, whether it will do, how it is called. */
import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

const OLDEST_JAVA = 17;

/** Small and quick to start; what a broker with a few topics needs. */
const FLAGS = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"];

/** The jars, and the classes of them that were read in before. */
export interface Installation {
  readonly jars: readonly string[];
  /** Archive of loaded classes; it halves the time to start. */
  readonly archive?: string;
}

/** The command of JAVA_HOME, or else that of PATH. */
export function javaCommand(): string {
  const home = process.env["JAVA_HOME"];
  return home === undefined || home === "" ? "java" : path.join(home, "bin", "java");
}

/** What stands before the name of the class. */
export function javaArguments({ jars, archive }: Installation, flags: readonly string[] = []): string[] {
  const logging = `-Dlog4j2.configurationFile=${path.join(import.meta.dirname, "log4j2.properties")}`;
  const shared = archive === undefined ? [] : [`-XX:SharedArchiveFile=${archive}`];
  return [...FLAGS, ...shared, ...flags, logging, "-cp", jars.join(path.delimiter)];
}

/** What Java says its version is; undefined where there is none. */
export async function javaVersion(): Promise<string | undefined> {
  try {
    const { stderr } = await promisify(execFile)(javaCommand(), ["-version"]);
    return stderr.trim();
  } catch {
    return undefined;
  }
}

/**
 * What the broker lacks on this machine, as one sentence; undefined where it can run.
 *
 * @param version of {@link javaVersion}
 * @param cached whether the jars are there already, so that Maven is not needed
 */
export function whatIsMissing(version: string | undefined, cached: boolean): string | undefined {
  if (process.platform === "win32") return "the test broker runs on Unix alone";
  if (version === undefined) return `Java ${OLDEST_JAVA} or newer is not installed`;
  const major = Number(/version "(\d+)/.exec(version)?.[1]);
  if (!(major >= OLDEST_JAVA)) return `Java ${OLDEST_JAVA} or newer is needed, this one is ${version.split("\n")[0]}`;
  if (!cached && !isOnPath("mvn")) return "Maven (mvn), which fetches Kafka, is not installed";
  return undefined;
}

function isOnPath(command: string): boolean {
  return (process.env["PATH"] ?? "").split(path.delimiter).some((folder) => {
    try {
      accessSync(path.join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
