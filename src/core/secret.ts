/** A text that must not appear in logs, messages or dumps. */
import { inspect } from "node:util";

const HIDDEN = "***";

/**
 * Holds a secret and shows stars, whoever prints it: as text, as JSON, in `console.log` and in a debugger's list of keys.
 *
 * @example
 * const token = new Secret("hunter2");
 * `${token}`; // "***"
 * token.reveal(); // "hunter2"
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The text itself, for the one place that compares or sends it. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [inspect.custom](): string {
    return HIDDEN;
  }
}
