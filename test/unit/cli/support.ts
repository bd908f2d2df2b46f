import { EventEmitter } from "node:events";
import type { EndSignal } from "../../../src/cli/exit-codes.ts";
import type { CliProcess } from "../../../src/cli/terminal.ts";

/** A process that keeps what is written to it and whose signals are sent by the test. */
export interface FakeProcess extends CliProcess {
  out(): string;
  err(): string;
  signal(name: EndSignal | "SIGHUP"): void;
  listeners(): number;
  readonly exits: number[];
}

/** @param options `isTTY` for both streams */
export function fakeProcess(options: { isTTY?: boolean; env?: { [name: string]: string } } = {}): FakeProcess {
  const signals = new EventEmitter();
  const written = { out: "", err: "" };
  const exits: number[] = [];
  const { isTTY = false, env = {} } = options;
  const stream = (name: keyof typeof written) => ({
    isTTY,
    columns: 80,
    write: (text: string) => {
      written[name] += text;
    },
  });
  return {
    stdout: stream("out"),
    stderr: stream("err"),
    env,
    on: (name, listener) => signals.on(name, listener),
    off: (name, listener) => signals.off(name, listener),
    exit: (code) => exits.push(code),
    exits,
    out: () => written.out,
    err: () => written.err,
    signal: (name) => void signals.emit(name),
    listeners: () => signals.eventNames().reduce((sum, name) => sum + signals.listenerCount(name), 0),
  };
}
