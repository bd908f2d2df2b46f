/** What the Dockerfile makes, run as Docker and Kubernetes would run it. Needs the build. */
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { canContain, type ContainerFolders, Image } from "../support/container.ts";
import { freePort } from "../support/free-port.ts";
import { Project } from "../support/project.ts";
import { until } from "../support/until.ts";

const TRANSFORM = "export default (order: { id: string }) => ({ id: Number(order.id) * 2 });\n";
const OUT = "/var/lib/millrace/out.jsonl";

/** The runtime file of deploy/kubernetes, on a port of its own. */
function runtimeOn(port: number): object {
  const text = readFileSync(
    path.resolve(import.meta.dirname, "../../deploy/kubernetes/base/config/millrace.yaml"),
    "utf8",
  );
  const config = parse(text.replace("${file:/run/secrets/millrace/token}", "secret"));
  return { ...config, jobs: "*.json", admin: { ...config.admin, port } };
}

describe.runIf(canContain)("the image", () => {
  let image: Image;
  let project: Project;
  beforeAll(() => {
    image = new Image();
  });
  afterAll(() => image[Symbol.dispose]());
  beforeEach(() => {
    project = new Project();
  });
  afterEach(() => project[Symbol.dispose]());

  /** A mounted ConfigMap: the files are links into `..data`, which is a link to a folder that never changes. */
  function configMap(files: { readonly [name: string]: string }): string {
    for (const [name, text] of Object.entries(files)) project.write(`config/..1/${name}`, text);
    symlinkSync("..1", project.path("config/..data"));
    for (const name of Object.keys(files)) symlinkSync(`..data/${name}`, project.path(`config/${name}`));
    return project.path("config");
  }

  /** A volume that belongs to the image's user, with something to read. */
  function volume(): string {
    const folder = project.path("volume");
    mkdirSync(folder);
    writeFileSync(path.join(folder, "in.csv"), "id\n1\n2\n");
    const [uid, gid] = image.user.split(":").map(Number);
    chownSync(folder, uid ?? 0, gid ?? 0);
    return folder;
  }

  function folders(files: { readonly [name: string]: object }): ContainerFolders {
    const texts = Object.entries(files).map(([name, config]) => [name, JSON.stringify(config)]);
    return { config: configMap({ ...Object.fromEntries(texts), "double.ts": TRANSFORM }), volume: volume() };
  }

  const job = {
    name: "double",
    source: { type: "file", path: "/var/lib/millrace/in.csv" },
    transform: "./double.ts",
    sink: { type: "file", path: OUT },
  };

  test("runs a job from a mounted ConfigMap: not as root, in a read-only root, its state on the volume", async () => {
    const given = folders({ "job.json": job });
    const run = ["run", "/etc/millrace/job.json", "--state", "/var/lib/millrace/state.db", "--json"];
    const { code, out, err } = await image.start(given, [...image.entrypoint, ...run]).ended;
    expect(code, err).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ state: "succeeded", written: 2 });
    expect(readFileSync(path.join(given.volume, "out.jsonl"), "utf8")).toBe('{"id":2}\n{"id":4}\n');
    expect(err).not.toMatch(/warning/i);
  });

  test("has a process that is PID 1, has no rights, and can write its volume and /tmp alone", async () => {
    const look = `
      const { writeFileSync, readFileSync } = require("node:fs");
      const places = ["/", "/opt/millrace/", "/etc/millrace/", "/usr/local/bin/", "/var/lib/millrace/", "/tmp/"];
      const writable = places.filter((place) => { try { writeFileSync(place + "x", ""); return true; } catch { return false; } });
      const status = readFileSync("/proc/self/status", "utf8");
      const [, capabilities] = /CapEff:\\s+(\\w+)/.exec(status), [, seized] = /NoNewPrivs:\\s+(\\d)/.exec(status);
      console.log(JSON.stringify({ pid: process.pid, uid: process.getuid(), gid: process.getgid(), writable, capabilities, seized }));
    `;
    const { out, err } = await image.start(folders({ "job.json": job }), ["node", "-e", look]).ended;
    expect(err).toBe("");
    expect(JSON.parse(out)).toEqual({
      pid: 1,
      uid: 10_001,
      gid: 10_001,
      writable: ["/var/lib/millrace/", "/tmp/"],
      capabilities: "0000000000000000",
      seized: "1",
    });
  });

  test("is healthy with its own command, drains on SIGTERM and ends with 0", async () => {
    const port = await freePort();
    const health = `MILLRACE_HEALTH_URL=http://127.0.0.1:${port}/healthz`;
    const given = folders({ "millrace.yaml": runtimeOn(port), "job.json": { ...job, trigger: { type: "once" } } });
    const daemon = image.start(given, [...image.entrypoint, ...image.command]);
    try {
      const isHealthy = async () => (await image.start(given, image.health, [health]).ended).code === 0;
      await until("it is healthy", async () => daemon.over || (await isHealthy()) || undefined);
      expect(daemon.over, daemon.err).toBe(false);
      await until("its job has run", () => existsSync(path.join(given.volume, "out.jsonl")) || undefined);
    } finally {
      await daemon.signal("SIGTERM");
    }
    const { code, err } = await daemon.ended;
    expect(code, err).toBe(0);
    expect(readFileSync(path.join(given.volume, "out.jsonl"), "utf8")).toBe('{"id":2}\n{"id":4}\n');
    expect((await image.start(given, image.health, [health]).ended).code).toBe(1);
  });

  test("takes jobs over when the ConfigMap changes", async () => {
    const port = await freePort();
    const given = folders({ "millrace.yaml": runtimeOn(port), "job.json": { ...job, trigger: { type: "manual" } } });
    const daemon = image.start(given, [...image.entrypoint, ...image.command]);
    const jobs = async (): Promise<readonly string[]> => {
      const answer = await fetch(`http://127.0.0.1:${port}/api/jobs`, {
        headers: { authorization: "Bearer secret" },
      }).catch(() => undefined);
      const { items = [] } = ((await answer?.json()) ?? {}) as { readonly items?: readonly { readonly job: string }[] };
      return items.map((item) => item.job);
    };
    try {
      await until("it knows its job", async () => daemon.over || (await jobs()).includes("double") || undefined);
      // As the kubelet does it: a folder beside the old one, and the link swapped in one step.
      cpSync(project.path("config/..1"), project.path("config/..2"), { recursive: true });
      project.write("config/..2/job.json", JSON.stringify({ ...job, name: "renamed", trigger: { type: "manual" } }));
      symlinkSync("..2", project.path("config/..next"));
      renameSync(project.path("config/..next"), project.path("config/..data"));
      await until("it has taken them over", async () => daemon.over || (await jobs()).includes("renamed") || undefined);
      expect(await jobs(), daemon.err).toEqual(["renamed"]);
    } finally {
      await daemon.signal("SIGTERM");
    }
    expect((await daemon.ended).code, daemon.err).toBe(0);
  });
});
