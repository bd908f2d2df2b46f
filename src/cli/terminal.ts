/** The slice of the process that commands use, so that tests can stand in for it. */
import type { SignalTarget } from "./signals.ts";

/** A place to write text. */
export interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** What a command sees of the process; `process` is one. */
export interface CliProcess extends SignalTarget {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  readonly env: { readonly [name: string]: string | undefined };
}

/** Whether colours belong on a stream: it is a terminal and nobody asked for none (https://no-color.org). */
export function wantsColor(stream: TextStream, env: CliProcess["env"]): boolean {
  return stream.isTTY === true && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
}
