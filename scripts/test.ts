/** `npm test`: the gate and every suite; the last lines name what failed and sum the tests of all suites. */
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { checks } from "./gate.ts";
import { root, runStep, runSteps, type Step } from "./steps.ts";

interface Suite {
  readonly name: string;
  readonly options: readonly string[];
}

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** What has failed, by its name, and why in a line: what comes before it may be cut off where CI is read. */
const failures: string[] = [];

/** The part of vitest's JSON report that is looked at. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

const reports = path.join(root, ".cache/test-reports");

const suites: readonly Suite[] = [
  { name: "unit, property and simulation", options: ["--project", "unit", "--project", "simulation", "--coverage"] },
  { name: "integration, e2e and chaos", options: ["--project", "integration"] },
];

function stepOf({ name, options }: Suite, report: string): Step {
  const reporters = ["--reporter", "default", "--reporter", "json", `--outputFile.json=${report}`];
  return { name, command: "vitest", args: ["run", ...options, ...reporters], live: true };
}

/** Runs a suite; a run that ends badly without a failed test (nothing found, low coverage, a crash) counts as one. */
async function runSuite(suite: Suite, index: number): Promise<Counts> {
  const report = path.join(reports, `${index}.json`);
  const passed = await runStep(stepOf(suite, report));
  const counts = existsSync(report) ? read(report) : { passed: 0, failed: 0, skipped: 0 };
  if (!passed && counts.failed === 0) counts.failed = 1;
  return counts;
}

function read(file: string): Counts {
  const report = JSON.parse(readFileSync(file, "utf8")) as Report;
  failures.push(...failuresOf(report));
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/** A file that failed as a whole is one, too. */
function failuresOf({ testResults }: Report): readonly string[] {
  return testResults.flatMap(({ name, message, assertionResults }) => {
    const file = path.relative(root, name);
    if (message !== "") return [`${file}: ${firstLine(message)}`];
    return assertionResults
      .filter(({ status }) => status === "failed")
      .map(({ fullName, failureMessages }) => `${file}: ${fullName}: ${firstLine(failureMessages[0] ?? "")}`);
  });
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

rmSync(reports, { recursive: true, force: true });
mkdirSync(reports, { recursive: true });

const failedChecks = await runSteps(checks);
const total: Counts = { passed: 0, failed: failedChecks.length, skipped: 0 };
for (const [index, suite] of suites.entries()) {
  const counts = await runSuite(suite, index);
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
}
if (failedChecks.length > 0) console.log(`\nfailed checks, counted below as one each: ${failedChecks.join(", ")}`);
for (const failure of failures) console.log(`FAILED ${failure}`);
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 ? 1 : 0;
