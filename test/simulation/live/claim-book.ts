/** Who claimed what, in each sink: how often a process lost what it had without knowing what had become of its last commit. */
import type { Claim } from "../../../src/core/ports/sink.ts";

/** The claims of all processes. */
export class ClaimBook {
  /** By sink and split. */
  readonly #last = new Map<string, string>();
  /** By process and sink. */
  readonly #losses = new Map<string, number>();

  /** A process claims. */
  note(process: string, sink: string, claims: readonly Claim[]): void {
    const losers = new Set(claims.map(({ split }) => this.#last.get(`${sink} ${split}`)));
    for (const { split } of claims) this.#last.set(`${sink} ${split}`, process);
    for (const loser of losers) if (loser !== undefined && loser !== process) this.#lost(loser, sink);
  }

  losses(process: string, sink: string): number {
    return this.#losses.get(`${process} ${sink}`) ?? 0;
  }

  #lost(process: string, sink: string): void {
    this.#losses.set(`${process} ${sink}`, this.losses(process, sink) + 1);
  }
}
