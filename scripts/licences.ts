/** Fails with the names of installed packages whose licence is not on the list; what only development needs may be MPL. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { root } from "./steps.ts";

interface LockedPackage {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly link?: boolean;
}

const allowed = new Set([
  "0BSD",
  "Apache-2.0",
  "BlueOak-1.0.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "CC0-1.0",
  "ISC",
  "MIT",
  "PostgreSQL",
  "Python-2.0",
]);
const allowedInDevelopment = new Set([...allowed, "MPL-2.0"]);

/** Whether an SPDX expression of the simple kinds ("MIT", "(MIT OR Apache-2.0)", "MIT AND ISC") is on the list. */
function permitted(expression: string, list: ReadonlySet<string>): boolean {
  const alternatives = expression.replaceAll(/[()]/g, "").split(" OR ");
  return alternatives.some((alternative) => alternative.split(" AND ").every((licence) => list.has(licence.trim())));
}

/** The licence by the lockfile, else by the installed package. */
function licenceOf(location: string, { license }: LockedPackage): string {
  if (license !== undefined) return license;
  const manifest = path.join(root, location, "package.json");
  if (!existsSync(manifest)) return "unknown";
  return (JSON.parse(readFileSync(manifest, "utf8")) as LockedPackage).license ?? "unknown";
}

const lockfile = JSON.parse(readFileSync(path.join(root, "package-lock.json"), "utf8")) as {
  packages: Record<string, LockedPackage>;
};
const installed = Object.entries(lockfile.packages).filter(
  ([location, locked]) => location.includes("node_modules/") && locked.link !== true,
);
const refused = installed.flatMap(([location, locked]) => {
  const development = locked.dev === true || locked.devOptional === true;
  const licence = licenceOf(location, locked);
  if (permitted(licence, development ? allowedInDevelopment : allowed)) return [];
  return [`${location.replace(/^.*node_modules\//, "")}@${locked.version}: ${licence}${development ? " (dev)" : ""}`];
});

if (installed.length === 0) throw new Error("package-lock.json names no packages: nothing was checked");
console.log(`${installed.length} packages checked`);
if (refused.length > 0) {
  console.log(`licences that are not on the list:\n${refused.join("\n")}`);
  process.exitCode = 1;
}
