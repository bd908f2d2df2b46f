import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { type ProcessTable, currentLeaseOwner, isOwnerAlive, systemProcesses } from "../../../src/state/lease-owner.ts";

interface Fake {
  readonly stats?: Readonly<{ [pid: number]: string }>;
  readonly alive?: readonly number[];
  readonly platform?: string;
  readonly boot?: string | undefined;
  readonly namespace?: string | undefined;
}

const stat = (start: number, state = "S", name = "node") =>
  `77 (${name}) ${state} 1 77 77 0 -1 4194304 107 0 0 0 0 0 0 0 20 0 1 0 ${start} 3133440 389`;

function processesOf(fake: Fake): ProcessTable {
  const { stats = { 77: stat(500) }, alive = [], platform = "linux" } = fake;
  const boot = "boot" in fake ? fake.boot : "boot-1\n";
  const namespace = "namespace" in fake ? fake.namespace : "pid:[1]";
  return {
    pid: 77,
    host: "host-1",
    platform,
    readText: (path) => (path.endsWith("boot_id") ? boot : stats[Number(/\d+/.exec(path)?.[0])]),
    readLink: () => namespace,
    exists: (pid) => alive.includes(pid),
  };
}

const me = currentLeaseOwner("me", processesOf({}));

describe("currentLeaseOwner()", () => {
  test("names host, pid, boot, pid namespace and start time", () => {
    const expected = { id: "me", host: "host-1", pid: 77, machine: "boot-1/pid:[1]", processStart: "500" };
    expect(me).toEqual(expected);
  });

  test("reads the start time behind a program's name with spaces and parentheses", () => {
    const owner = currentLeaseOwner("me", processesOf({ stats: { 77: stat(600, "S", "a) S 1 (b") } }));
    expect(owner.processStart).toBe("600");
  });

  test("names no machine where Linux does not show it", () => {
    expect(currentLeaseOwner("me", processesOf({ boot: undefined })).machine).toBe("");
    expect(currentLeaseOwner("me", processesOf({ namespace: undefined })).machine).toBe("");
  });

  test("names the host on platforms without pid namespaces", () => {
    const owner = currentLeaseOwner("me", processesOf({ platform: "darwin", boot: undefined, stats: {} }));
    expect(owner).toMatchObject({ machine: "darwin:host-1", processStart: "" });
  });
});

describe("isOwnerAlive()", () => {
  const other = { ...me, id: "other", pid: 88, processStart: "700" };
  const cases: readonly [string, Partial<typeof other>, Fake, string][] = [
    ["a process of that start time", {}, { stats: { 88: stat(700) } }, "alive"],
    ["a later process of the same pid", {}, { stats: { 88: stat(701) } }, "dead"],
    ["a pid that is gone", {}, { stats: {} }, "dead"],
    ["a process that was killed and not reaped", {}, { stats: { 88: stat(700, "Z") } }, "dead"],
    ["a process whose entry may not be read", {}, { stats: {}, alive: [88] }, "unknown"],
    ["an owner that did not know its start time", { processStart: "" }, { stats: { 88: stat(700) } }, "unknown"],
    ["another boot", { machine: "boot-2/pid:[1]" }, { stats: {} }, "unknown"],
    ["another pid namespace", { machine: "boot-1/pid:[2]" }, { stats: {} }, "unknown"],
  ];
  test.each(cases)("says of %s: %4$s", (_, change, fake, expected) => {
    expect(isOwnerAlive({ ...other, ...change }, me, processesOf(fake))).toBe(expected);
  });

  test("says unknown where nobody knows the machine", () => {
    const nowhere = { ...me, machine: "" };
    expect(isOwnerAlive({ ...other, machine: "" }, nowhere, processesOf({ stats: {} }))).toBe("unknown");
  });

  test("tells real processes apart", async () => {
    const here = currentLeaseOwner("here");
    expect(isOwnerAlive(here, here)).not.toBe("dead");
    const { pid } = spawnSync(process.execPath, ["--version"]);
    expect(isOwnerAlive({ ...here, pid, processStart: "1" }, here)).toBe("dead");
    expect(systemProcesses.exists(process.pid)).toBe(true);
  });

  test("says of a process that was just killed: dead", async () => {
    const child = spawn(process.execPath, ["--eval", "setInterval(() => {}, 1000); console.log(1)"]);
    await once(child.stdout, "data");
    const here = currentLeaseOwner("here");
    const owner = currentLeaseOwner("child", { ...systemProcesses, pid: child.pid ?? 0 });
    expect(isOwnerAlive(owner, here)).not.toBe("dead");
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(isOwnerAlive(owner, here)).toBe("dead");
  });
});
