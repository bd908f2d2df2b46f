/** Runs the commands of the gate one after the other, one line each, with a command's output only where it failed. */
import { spawn } from "node:child_process";
import path from "node:path";

export const root = path.resolve(import.meta.dirname, "..");

export interface Step {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Shows the output as it comes, for what takes minutes. */
  readonly live?: boolean;
}

interface Outcome {
  readonly code: number;
  readonly output: string;
}

/** Commands come from node_modules/.bin, also when a script was started without npm. */
const environment = {
  ...process.env,
  PATH: [path.join(root, "node_modules/.bin"), process.env["PATH"]].join(path.delimiter),
};

function execute({ command, args, live = false }: Step): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env: environment,
      stdio: ["ignore", live ? "inherit" : "pipe", live ? "inherit" : "pipe"],
      shell: process.platform === "win32",
    });
    const pieces: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => pieces.push(text));
    }
    child.on("error", (error) => resolve({ code: 1, output: `${command}: ${error.message}` }));
    child.on("close", (code) => resolve({ code: code ?? 1, output: pieces.join("") }));
  });
}

/** Whether the step passed; says so in one line. */
export async function runStep(step: Step): Promise<boolean> {
  const start = performance.now();
  const { code, output } = await execute(step);
  const seconds = ((performance.now() - start) / 1000).toFixed(1).padStart(6);
  console.log(`${code === 0 ? "ok    " : "FAILED"} ${seconds} s  ${step.name}`);
  if (code !== 0 && !step.live) console.log(indent(output));
  return code === 0;
}

/** Runs every step, also after one failed, and gives back the names of those that did. */
export async function runSteps(steps: readonly Step[]): Promise<string[]> {
  const failed: string[] = [];
  for (const step of steps) {
    if (!(await runStep(step))) failed.push(step.name);
  }
  return failed;
}

function indent(text: string): string {
  return text.trimEnd().replaceAll(/^/gm, "    ");
}
