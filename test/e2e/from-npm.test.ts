/** The package as users get it: packed, installed into an empty folder, used. Needs the build. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = path.resolve(import.meta.dirname, "../..");
const MEGABYTE = 1_000_000;

let folder = "";
let tarball = "";

/** A command as somebody runs it who has never heard of this repository: nothing of the calling npm's settings. */
function command(name: string, ...args: string[]): string {
  const own = Object.entries(process.env).filter(([key]) => !/^(?:npm_|NODE_|INIT_CWD|MILLRACE_)/i.test(key));
  const PATH = [path.dirname(process.execPath), process.env["PATH"]].join(path.delimiter);
  return execFileSync(name, args, { cwd: folder, encoding: "utf8", env: { ...Object.fromEntries(own), PATH } });
}

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "millrace-npm-"));
  command("npm", "pack", root, "--ignore-scripts", "--silent", "--pack-destination", folder);
  tarball = path.join(folder, readdirSync(folder).find((name) => name.endsWith(".tgz")) ?? "");
  command("npm", "install", tarball, "--prefer-offline", "--no-audit", "--no-fund", "--silent");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Bytes of everything below a folder. */
function sizeOf(below: string): number {
  const files = readdirSync(below, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + statSync(path.join(parentPath, name)).size, 0);
}

describe("the package from npm", () => {
  it("is small, and so is what it brings along", () => {
    const lock = JSON.parse(readFileSync(path.join(folder, "package-lock.json"), "utf8")) as {
      readonly packages: { readonly [place: string]: { readonly hasInstallScript?: boolean } };
    };
    const packages = Object.entries(lock.packages).filter(
      ([place]) => existsSync(path.join(folder, place)) && place !== "",
    );
    expect(statSync(tarball).size).toBeLessThan(2 * MEGABYTE);
    expect(packages.length).toBeLessThanOrEqual(60);
    expect(sizeOf(path.join(folder, "node_modules"))).toBeLessThan(40 * MEGABYTE);
    expect(packages.filter(([, { hasInstallScript = false }]) => hasInstallScript)).toEqual([]);
  });

  it("has what is compiled to WebAssembly", () => {
    const module = path.join(folder, "node_modules/millrace/dist/formats/csv/assembly/scan.wasm");
    expect(readFileSync(module, "latin1")).toMatch(/^\0asm/);
  });

  it("runs the project that it writes, without a database", () => {
    expect(command("npx", "millrace", "init", "demo")).toContain("next: npx millrace run demo/job.yaml");
    const summary: unknown = JSON.parse(command("npx", "millrace", "run", "demo/job.yaml", "--json", "--quiet"));
    expect(summary).toMatchObject({
      state: "succeeded",
      read: 7,
      written: 4,
      filtered: 1,
      rejected: 2,
      balanced: true,
    });
    const rows = readFileSync(path.join(folder, "demo/out/orders.jsonl"), "utf8").trim().split("\n");
    expect(JSON.parse(rows[0] ?? "")).toMatchObject({ id: 1, product: "DESK, OAK", total: "349.00" });
  });

  it("can be required and imported", () => {
    const show = "console.log(typeof millrace.runJob, typeof millrace.defineJob)";
    expect(command("node", "-e", `const millrace = require("millrace"); ${show}`)).toBe("function function\n");
    const imported = `import * as millrace from "millrace"; ${show}`;
    expect(command("node", "--input-type=module", "-e", imported)).toBe("function function\n");
  });
});
