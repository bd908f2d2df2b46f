/** Runs one contender in a process of its own and takes the time. */
import { spawn, spawnSync } from "node:child_process";
import { MillraceError } from "../src/core/errors.ts";

/** What to run. */
export interface ChildRequest {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: { readonly [name: string]: string };
  /** A second command that reads what the first one prints. */
  readonly into?: { readonly command: string; readonly args: readonly string[] };
}

/** How it went. */
export interface ChildResult {
  /** From the start of the process to its end. */
  readonly seconds: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a command to its end.
 *
 * @throws MillraceError INVARIANT when it does not end well
 */
export async function runChild({ command, args, env, into }: ChildRequest): Promise<ChildResult> {
  const options = { env: { ...process.env, ...env } };
  const begun = performance.now();
  const first = spawn(command, args, options);
  const last = into === undefined ? first : spawn(into.command, into.args, options);
  if (last.stdin !== null && last !== first) first.stdout.pipe(last.stdin);
  first.stdin.end();
  const texts = { stdout: "", stderr: "" };
  last.stdout.setEncoding("utf8").on("data", (text: string) => (texts.stdout += text));
  for (const child of new Set([first, last])) {
    child.stderr.setEncoding("utf8").on("data", (text: string) => (texts.stderr += text));
  }
  const codes = await Promise.all([...new Set([first, last])].map(ended));
  const seconds = (performance.now() - begun) / 1_000;
  if (codes.some((code) => code !== 0)) {
    throw new MillraceError(
      "INVARIANT",
      `${command} ${args.join(" ")}: ended with ${codes.join(", ")}: ${texts.stderr.slice(-500)}`,
    );
  }
  return { seconds, ...texts };
}

function ended(child: ReturnType<typeof spawn>): Promise<number> {
  return new Promise((resolve) => {
    child.on("error", () => resolve(127));
    child.on("close", (code) => resolve(code ?? 1));
  });
}

/** Whether a program is there and starts. */
export function isInstalled(command: string): boolean {
  return spawnSync(command, ["--version"]).status === 0;
}
