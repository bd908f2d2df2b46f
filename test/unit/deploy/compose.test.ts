import { existsSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { toMilliseconds } from "./durations.ts";
import { MARGIN_MS, PORT, read, readYaml, root, RUNTIME_FILE, STATE_FOLDER } from "./deploy-files.ts";
import { loadDeployed } from "./deployed-runtime.ts";

interface Service {
  readonly image: string;
  readonly read_only?: boolean;
  readonly cap_drop: readonly string[];
  readonly security_opt: readonly string[];
  readonly user?: string;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly secrets?: readonly string[];
  readonly environment?: { readonly [name: string]: string };
  readonly healthcheck?: object;
  readonly stop_grace_period?: string;
  readonly depends_on?: { readonly [name: string]: { readonly condition: string } };
}

interface Compose {
  readonly services: { readonly [name: string]: Service };
  readonly volumes: { readonly [name: string]: null };
  readonly secrets: { readonly [name: string]: { readonly file: string } };
}

const compose = readYaml<Compose>("compose.yaml");
const services = Object.entries(compose.services);
const millrace = compose.services["millrace"];
if (millrace === undefined) throw new TypeError("compose.yaml has no millrace");
const config = { folder: "deploy/compose/millrace" };

describe("compose.yaml", () => {
  test.each(services)("%s has a pinned image, no rights to gain, and ports on loopback alone", (_name, service) => {
    expect(service.image).toMatch(/^[\w/-]+:v?\d+\.\d+(?:\.\d+)?$/);
    expect(service.cap_drop).toEqual(["ALL"]);
    expect(service.security_opt).toContain("no-new-privileges:true");
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:(?<port>\d+):\k<port>$/);
    expect(service.user ?? "").not.toMatch(/^(?:0|root)/);
  });

  test("all but the broker have a read-only root", () => {
    const writable = services.filter(([, service]) => service.read_only !== true).map(([name]) => name);
    expect(writable).toEqual(["kafka", "topics"]);
  });

  test.each(services)("%s mounts what there is: files of the repository, volumes, secrets", (_name, service) => {
    for (const [source = "", target = ""] of (service.volumes ?? []).map((volume) => volume.split(":"))) {
      expect(path.isAbsolute(target)).toBe(true);
      if (source.startsWith("./")) expect(existsSync(path.join(root, source)), source).toBe(true);
      else expect(Object.keys(compose.volumes)).toContain(source);
    }
    for (const secret of service.secrets ?? []) expect(Object.keys(compose.secrets)).toContain(secret);
  });

  test.each(services)("%s waits for what can tell that it is ready", (_name, service) => {
    for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
      const target = compose.services[other];
      expect(target).toBeDefined();
      if (condition === "service_healthy" && other !== "millrace") expect(target?.healthcheck).toBeDefined();
    }
  });

  test("every secret is made by make-secrets.sh and kept out of git", () => {
    const script = read("deploy/compose/make-secrets.sh");
    for (const [name, { file }] of Object.entries(compose.secrets)) {
      expect(file).toBe(`./deploy/compose/secrets/${name}`);
      expect(script).toMatch(new RegExp(`^for name in .*\\b${name}\\b`, "m"));
    }
    expect(read("deploy/compose/.gitignore")).toContain("secrets/");
  });

  test("the daemon's runtime file loads with all jobs, and fits what is around it", async () => {
    const { config: runtime, jobs } = await loadDeployed(config);
    expect(jobs.map(({ name }) => name)).toEqual(["live-orders", "price-list"]);
    expect(runtime.admin).toMatchObject({ host: "0.0.0.0", port: PORT });
    expect(runtime.admin.token?.reveal()).toBe("s3cret");
    expect(runtime.state).toEqual({ type: "sqlite", path: `${STATE_FOLDER}/state.db` });
    expect(millrace.ports).toEqual([`127.0.0.1:${PORT}:${PORT}`]);
    expect(millrace.volumes).toContain(`./${config.folder}:${path.dirname(RUNTIME_FILE)}:ro`);
    expect(millrace.volumes).toContain(`millrace:${STATE_FOLDER}`);
    expect(toMilliseconds(millrace.stop_grace_period)).toBeGreaterThanOrEqual(runtime.shutdown.deadlineMs + MARGIN_MS);
  });

  test("its jobs find their secrets, topics and tables", () => {
    const texts = ["live-orders", "price-list"].map((job) => read(`${config.folder}/jobs/${job}.yaml`));
    const used = [...texts, read(`${config.folder}/millrace.yaml`)].flatMap((text) =>
      Array.from(text.matchAll(/\$\{file:\/run\/secrets\/(?<name>\w+)\}/g), ({ groups }) => groups?.["name"] ?? ""),
    );
    expect([...new Set(used)].toSorted()).toEqual(millrace.secrets?.toSorted());
    expect(read("compose.yaml")).toContain("--topic=orders");
    const tables = read("deploy/compose/postgres/tables.sql");
    for (const text of texts)
      expect(tables).toContain(`create table ${/table: (?<table>\w+)/.exec(text)?.groups?.["table"]}`);
  });
});

describe("deploy/prometheus/prometheus.yml", () => {
  interface Scrape {
    readonly authorization: { readonly credentials_file: string };
    readonly static_configs: readonly [{ readonly targets: readonly string[] }];
  }
  const { scrape_configs: scrapes } = readYaml<{ readonly scrape_configs: readonly Scrape[] }>(
    "deploy/prometheus/prometheus.yml",
  );

  test("asks the daemon where it listens, with the token that it was given", () => {
    expect(scrapes.flatMap(({ static_configs: [{ targets }] }) => targets)).toEqual([`millrace:${PORT}`]);
    expect(scrapes[0]?.authorization.credentials_file).toBe("/run/secrets/millrace_token");
    expect(compose.services["prometheus"]?.secrets).toEqual(["millrace_token"]);
  });
});
