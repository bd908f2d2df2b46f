import { spawnSync } from "node:child_process";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { EXIT } from "../../../src/cli/exit-codes.ts";
import { MARGIN_MS, PORT, read, root, RUNTIME_FILE, STATE_FOLDER } from "./deploy-files.ts";
import { loadDeployed } from "./deployed-runtime.ts";
import { toMilliseconds } from "./durations.ts";

const file = "deploy/systemd/millrace.service";
const settings = Array.from(read(file).matchAll(/^(?<key>\w+)=(?<value>.*)$/gm), ({ groups }) => groups ?? {});
const values = (key: string): readonly string[] =>
  settings.filter((setting) => setting["key"] === key).map((setting) => setting["value"] ?? "");
const only = (key: string): string | undefined => {
  const [value, ...more] = values(key);
  expect(more).toEqual([]);
  return value;
};

describe(file, () => {
  test("starts the package's program with the runtime file, and starts it again unless that is wrong", () => {
    const { bin } = JSON.parse(read("package.json"));
    const program = path.join("/opt/millrace/node_modules/millrace", bin.millrace);
    expect(only("ExecStart")).toBe(`/usr/bin/node ${program} daemon ${RUNTIME_FILE}`);
    expect(only("Type")).toBe("exec");
    expect(only("Restart")).toBe("on-failure");
    expect(only("RestartPreventExitStatus")).toBe(String(EXIT.usage));
    expect(only("ExecReload")).toBe("/bin/kill -HUP $MAINPID");
  });

  test("gives the drain its time, and the state its folder", async () => {
    const { config } = await loadDeployed({ folder: "deploy/systemd", jobless: true });
    expect(toMilliseconds(only("TimeoutStopSec"))).toBeGreaterThanOrEqual(config.shutdown.deadlineMs + MARGIN_MS);
    expect(config.state).toEqual({ type: "sqlite", path: `${STATE_FOLDER}/state.db` });
    expect(path.join("/var/lib", only("StateDirectory") ?? "")).toBe(STATE_FOLDER);
    expect(config.admin).toEqual({ host: "127.0.0.1", port: PORT, token: null });
  });

  test("runs as a user of its own, without rights, and lets the compiler write code", () => {
    expect(only("User")).toBe("millrace");
    expect(read("deploy/systemd/millrace.sysusers.conf")).toMatch(/^u millrace /m);
    expect(only("CapabilityBoundingSet")).toBe("");
    expect(only("NoNewPrivileges")).toBe("yes");
    expect(only("ProtectSystem")).toBe("strict");
    expect(values("MemoryDenyWriteExecute")).toEqual([]);
    expect(values("ProtectProc")).toEqual([]);
  });

  test.runIf(spawnSync("systemd-analyze", ["--version"]).status === 0)("systemd-analyze has nothing against it", () => {
    const unit = path.join(root, file);
    const exposed = spawnSync("systemd-analyze", ["security", "--offline=yes", "--threshold=25", unit], {
      encoding: "utf8",
    });
    expect(exposed.status, exposed.stdout + exposed.stderr).toBe(0);
    const verified = spawnSync("systemd-analyze", ["verify", unit], { encoding: "utf8" });
    const told = verified.stderr.split("\n").filter((line) => line !== "" && !/is not executable|not-found/.test(line));
    expect(told).toEqual([]);
  });
});
