/** A request to a server and its reply: both take time, both can be lost, and a dead client's request may still arrive. */
import type { MillraceError } from "../../../src/core/errors.ts";
import { type Fates, unforeseen, unreachable } from "./faults.ts";
import type { SimulatedProcess } from "./process.ts";

/** How a request is made. */
export interface RequestOptions<T> {
  readonly process: SimulatedProcess;
  readonly faults: Fates;
  readonly name: string;
  /** What the server does when the request arrives; it goes on without the client. */
  readonly work: () => Promise<T> | T;
  /** The error of a client that does not know whether it was done. */
  readonly ambiguous?: (name: string) => MillraceError;
  /** The server lives in the client's own process: what a killed one had sent never arrives. */
  readonly local?: boolean;
  /** Called when the client lost its connection. */
  readonly onLost?: () => void;
}

type Settled<T> = { readonly value: T } | { readonly thrown: unknown };

/** Carries a request out. @throws what the server throws, or that it could not be reached */
export async function request<T>(options: RequestOptions<T>): Promise<T> {
  const { process, faults, name, ambiguous = unreachable, onLost } = options;
  const fate = faults.fate(name);
  if (fate === "crash") throw unforeseen(name);
  if (fate === "unsent") {
    await process.step(`${name}: refused`);
    onLost?.();
    throw unreachable(name);
  }
  const serving = serve(options);
  if (fate === "late") {
    await process.step(`${name}: connection lost`);
    onLost?.();
    throw ambiguous(name);
  }
  const settled = await serving;
  await process.step(`${name}: reply`);
  if (fate === "lostReply") {
    onLost?.();
    throw ambiguous(name);
  }
  if ("thrown" in settled) throw settled.thrown;
  return settled.value;
}

/** The server's side; what a killed process had sent arrives or does not. */
async function serve<T>({ process, name, work, local = false }: RequestOptions<T>): Promise<Settled<T>> {
  const { scheduler } = process;
  await scheduler.step(`${process.name}: ${name}: request`);
  if (process.condition === "dead" && (scheduler.chance(0.5) || local)) return new Promise(() => {});
  try {
    return { value: await work() };
  } catch (thrown) {
    return { thrown };
  }
}
