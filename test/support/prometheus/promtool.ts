/** Prometheus' own checks. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";

/** How a check came out. */
export interface Checked {
  readonly code: number;
  readonly output: string;
}

/** Runs promtool. @param input what it reads */
export async function runPromtool(promtool: string, args: readonly string[], input = ""): Promise<Checked> {
  const child = spawn(promtool, args);
  child.stdin.end(input);
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { code: code as number, output: `${output}${errors}` };
}
