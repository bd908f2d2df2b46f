/**
 * The image of the Dockerfile without a container runtime: the steps of its stages carried out in folders, and its
 * commands run in them as a container would: as PID 1 of a namespace, in a read-only root, as the image's user, without
 * any capability.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { type Copy, copiesOf, execForm, lastOf, readDockerfile, type Stage } from "./dockerfile.ts";
import { CommandLine } from "./project.ts";
import { until } from "./until.ts";

const repository = path.resolve(import.meta.dirname, "../..");

const UNSHARE = ["--mount", "--pid", "--fork", "--kill-child"];

/** Whether this user may make namespaces. */
export const canContain = spawnSync("unshare", [...UNSHARE, "true"]).status === 0;

/** Lays under $root what the base image would bring, from this machine: programs, libraries, devices, Node. */
const BASE = `set -eu
root=$1 node=$2; shift 2
mount --bind "$root" "$root"
for folder in bin lib lib64 usr/bin usr/lib usr/lib64 dev; do
  if [ -L "/$folder" ]; then ln -sfn "$(readlink "/$folder")" "$root/$folder"
  elif [ -d "/$folder" ]; then mkdir -p "$root/$folder"; mount --bind -o ro "/$folder" "$root/$folder"; fi
done
mkdir -p "$root/proc" "$root/tmp" "$root/usr/local/bin"
touch "$root/usr/local/bin/node"
mount --bind -o ro "$node" "$root/usr/local/bin/node"
`;

/** A step of the image: as root, in a root that can be written. */
const BUILD = `${BASE}exec chroot "$root" /bin/sh -ec "$1"
`;

/** A container: $1 is its config, $2 its volume, $3 its user, the rest its command. */
const START = `${BASE}config=$1 volume=$2 user=$3; shift 3
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/tmp"
mount --bind -o ro "$config" "$root/etc/millrace"
mount --bind "$volume" "$root/var/lib/millrace"
mount -o remount,ro,bind "$root"
cd /
exec chroot "$root" /usr/bin/setpriv --reuid="\${user%:*}" --regid="\${user#*:}" --clear-groups --no-new-privs \\
  --bounding-set=-all --inh-caps=-all "$@"
`;

/** What the image holds, as a folder. Its first stage, the build, is taken from `dist`, which the gate has built. */
export class Image implements Disposable {
  readonly root = mkdtempSync(path.join(os.tmpdir(), "millrace-image-"));
  /** `USER`, as `uid:gid`. */
  readonly user: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly health: readonly string[];
  readonly #production = mkdtempSync(path.join(os.tmpdir(), "millrace-production-"));
  readonly #environment: readonly string[];

  constructor() {
    const [, production, final] = readDockerfile(readFileSync(path.join(repository, "Dockerfile"), "utf8"));
    if (production === undefined || final === undefined) throw new TypeError("the Dockerfile has not its three stages");
    chmodSync(this.root, 0o755);
    this.user = lastOf(final, "USER") ?? "";
    this.entrypoint = execForm(lastOf(final, "ENTRYPOINT"));
    this.command = execForm(lastOf(final, "CMD"));
    this.health = execForm(lastOf(final, "HEALTHCHECK"));
    this.#environment = final.instructions.filter(({ word }) => word === "ENV").map(({ text }) => text);
    this.#installProduction(production);
    for (const copy of copiesOf(final)) this.#copy(copy);
    for (const step of runsOf(final)) unshared(BUILD, this.root, process.execPath, step);
  }

  /** Starts a command as its PID 1, with the image's environment and some more. */
  start(folders: ContainerFolders, command: readonly string[], environment: readonly string[] = []): Container {
    const variables = ["PATH=/usr/local/bin:/usr/bin:/bin", ...this.#environment, ...environment];
    const inside = ["/usr/bin/env", "-i", ...variables, ...command];
    const { config, volume } = folders;
    const args = [
      ...UNSHARE,
      "sh",
      "-c",
      START,
      "sh",
      this.root,
      process.execPath,
      config,
      volume,
      this.user,
      ...inside,
    ];
    return new Container(spawn("unshare", args, { stdio: ["ignore", "pipe", "pipe"] }));
  }

  [Symbol.dispose](): void {
    for (const folder of [this.root, this.#production]) rmSync(folder, { recursive: true, force: true });
  }

  #installProduction(stage: Stage): void {
    for (const { sources } of copiesOf(stage)) {
      for (const source of sources) cpSync(path.join(repository, source), path.join(this.#production, source));
    }
    for (const step of runsOf(stage))
      execFileSync("sh", ["-ec", step], { cwd: this.#production, env: npmEnvironment() });
  }

  #copy({ from, sources, target }: Copy): void {
    for (const source of sources) {
      const place = from === undefined ? path.join(repository, source) : this.#placeIn(from, source);
      const into = target.endsWith("/") ? path.join(target, path.basename(source)) : target;
      mkdirSync(path.join(this.root, path.dirname(into)), { recursive: true });
      cpSync(place, path.join(this.root, into), { recursive: true, verbatimSymlinks: true });
    }
  }

  #placeIn(stage: string, source: string): string {
    const base = stage === "production" ? this.#production : repository;
    return path.join(base, path.posix.relative(`/${stage}`, source));
  }
}

/** Folders of this machine that a container sees as /etc/millrace and /var/lib/millrace. */
export interface ContainerFolders {
  readonly config: string;
  readonly volume: string;
}

/** A running container. */
export class Container extends CommandLine {
  /** Sends a signal to the process that is PID 1 inside, unless it has ended. */
  async signal(signal: NodeJS.Signals): Promise<void> {
    if (!this.over) process.kill(await this.#first(), signal);
  }

  /** `unshare` stays behind as the parent of PID 1. */
  #first(): Promise<number> {
    return until("the container has begun", () => {
      const [pid] = readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, "utf8").trim().split(" ");
      return pid === undefined || pid === "" ? undefined : Number(pid);
    });
  }
}

function runsOf({ instructions }: Stage): readonly string[] {
  return instructions.filter(({ word }) => word === "RUN").map(({ text }) => text);
}

function unshared(script: string, ...args: readonly string[]): void {
  execFileSync("unshare", [...UNSHARE, "sh", "-c", script, "sh", ...args]);
}

/** Nothing of the npm that runs the tests; what it has fetched already is not fetched again. */
function npmEnvironment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([key]) => !/^(?:npm_|NODE_|INIT_CWD)/i.test(key));
  return { ...Object.fromEntries(own), npm_config_prefer_offline: "true" };
}
