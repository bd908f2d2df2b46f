/**
 * Who holds a lease, and whether that process still lives.
 *
 * A pid alone says little: it means something only on one machine, inside one pid namespace, since one boot, and it is
 * given again to later processes. So an owner is named by all of these and by its process's start time, and is called
 * dead only where every one of them could be checked; in doubt its lease has to run out.
 */
import { readFileSync, readlinkSync } from "node:fs";
import os from "node:os";
import type { LeaseOwner } from "../core/ports/state-store.ts";

/** What is asked of the operating system. */
export interface ProcessTable {
  readonly pid: number;
  readonly host: string;
  readonly platform: string;
  /** A file's text; undefined where there is no such file. */
  readText(path: string): string | undefined;
  /** A link's target; undefined where there is no such link. */
  readLink(path: string): string | undefined;
  /** Whether a process of that pid can be seen; true too when it may not be signalled. */
  exists(pid: number): boolean;
}

/** The machine's own. */
export const systemProcesses: ProcessTable = {
  pid: process.pid,
  host: os.hostname(),
  platform: process.platform,
  readText: (path) => attempt(() => readFileSync(path, "utf8")),
  readLink: (path) => attempt(() => readlinkSync(path)),
  exists(pid) {
    try {
      return process.kill(pid, 0);
    } catch (thrown) {
      return (thrown as NodeJS.ErrnoException).code !== "ESRCH";
    }
  },
};

/**
 * This process as the owner of leases.
 *
 * @param id unique for the holder: a run's id, a daemon's
 * @example
 * await state.acquireLease({ job, scope }, currentLeaseOwner(run), { now: clock.now(), ttlMs: 30_000 });
 */
export function currentLeaseOwner(id: string, processes: ProcessTable = systemProcesses): LeaseOwner {
  const { host, pid } = processes;
  return { id, host, pid, machine: machineOf(processes), processStart: statusOf(pid, processes)?.start ?? "" };
}

/**
 * Whether the process that holds a lease still lives, as far as `me` can tell: only in the same boot and pid namespace
 * can another's pid be looked up. A process that was killed and not yet reaped by its parent is dead.
 */
export function isOwnerAlive(
  owner: LeaseOwner,
  me: LeaseOwner,
  processes: ProcessTable = systemProcesses,
): "alive" | "dead" | "unknown" {
  if (owner.machine === "" || owner.machine !== me.machine) return "unknown";
  const status = statusOf(owner.pid, processes);
  // With `hidepid` the entries of other users' processes cannot be read, so a missing one proves nothing by itself.
  if (status === undefined) return processes.exists(owner.pid) ? "unknown" : "dead";
  if (status.ended) return "dead";
  if (owner.processStart === "") return "unknown";
  return status.start === owner.processStart ? "alive" : "dead";
}

/**
 * Boot id and pid namespace on Linux, '' where they cannot be read: containers may share a host's name. Other platforms
 * have no such namespaces, so the host's name is enough.
 */
function machineOf(processes: ProcessTable): string {
  const { host, platform } = processes;
  if (platform !== "linux") return `${platform}:${host}`;
  const boot = processes.readText("/proc/sys/kernel/random/boot_id")?.trim();
  const namespace = processes.readLink("/proc/self/ns/pid");
  return boot === undefined || namespace === undefined ? "" : `${boot}/${namespace}`;
}

/**
 * State and start time of a process; undefined where /proc does not show it.
 *
 * Source: proc_pid_stat(5): field 3 is the state, field 22 the start in clock ticks since boot. The second field is the
 * program's name in parentheses and may hold spaces and parentheses itself.
 */
function statusOf(pid: number, processes: ProcessTable): { start: string; ended: boolean } | undefined {
  const stat = processes.readText(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  const [state = "", ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { start: rest[18] ?? "", ended: state === "Z" || state === "X" };
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
