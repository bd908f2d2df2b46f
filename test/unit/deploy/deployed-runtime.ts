/** Runtime files of deploy/, read as the daemon reads them where they are deployed. */
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { loadRuntime, type LoadedRuntime } from "../../../src/config/load-runtime.ts";
import { root } from "./deploy-files.ts";

/** Where a daemon's config comes from; paths in the repository. */
export interface ConfigSource {
  readonly folder: string;
  /** Another runtime file instead of the folder's own. */
  readonly runtimeFile?: string;
  /** Whether jobs have still to come, as on a machine that was just set up; then there is one of the test. */
  readonly jobless?: boolean;
}

/** Loads a config in a folder like that of the daemon, where every secret that it names has its file. */
export async function loadDeployed(source: ConfigSource): Promise<LoadedRuntime> {
  const { folder, runtimeFile = path.join(folder, "millrace.yaml"), jobless = false } = source;
  const scratch = mkdtempSync(path.join(os.tmpdir(), "millrace-deploy-"));
  const config = path.join(scratch, "config");
  try {
    cpSync(path.join(root, folder), config, { recursive: true });
    cpSync(path.join(root, runtimeFile), path.join(config, "millrace.yaml"));
    if (jobless) addJob(config);
    for (const file of globSync("**/*.yaml", { cwd: config })) giveSecrets(path.join(config, file), scratch);
    return await loadRuntime(path.join(config, "millrace.yaml"), { environment: { KAFKA_BROKERS: "kafka:9092" } });
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function addJob(config: string): void {
  const job = { name: "some", source: { type: "file", path: "in.csv" }, sink: { type: "file", path: "out.jsonl" } };
  mkdirSync(path.join(config, "jobs"));
  writeFileSync(path.join(config, "jobs/some.yaml"), JSON.stringify(job));
}

/** Lets `${file:/run/secrets/...}` name files in the scratch folder, and writes these. */
function giveSecrets(file: string, scratch: string): void {
  const text = readFileSync(file, "utf8").replaceAll(
    /\$\{file:(?<place>\/run\/[^}]+)\}/g,
    (_written, place: string) => {
      const secret = path.join(scratch, place);
      mkdirSync(path.dirname(secret), { recursive: true });
      writeFileSync(secret, place.endsWith("_url") ? "postgres://etl@db/shop\n" : "s3cret\n");
      return `\${file:${secret}}`;
    },
  );
  writeFileSync(file, text);
}
