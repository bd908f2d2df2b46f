/** Texts that must not come back to light in what a server answers. */

/** What nobody called a secret is none if it is shorter, such as a version's number. */
const SHORTEST_SUSPECT = 8;

/** Shorter ones would take every other word of a message with them. */
const SHORTEST = 4;

/** Knows secrets and takes them out of other texts. */
export class Secrets {
  readonly #texts = new Set<string>();

  add(secret: string): void {
    for (const text of looksOf(secret)) this.#texts.add(text);
  }

  /** It may be one: a header of the config, a parameter of an address. */
  suspect(text: string): void {
    if (text.length >= SHORTEST_SUSPECT) this.add(text);
  }

  /** It is not used any more. */
  forget(secret: string): void {
    for (const text of looksOf(secret)) this.#texts.delete(text);
  }

  /** The text with stars in their places. */
  hide(text: string): string {
    let hidden = text;
    for (const secret of this.#texts) hidden = hidden.replaceAll(secret, "***");
    return hidden;
  }
}

/** As it stands, and as it looks in an address or a form. */
function looksOf(secret: string): readonly string[] {
  return [secret, encodeURIComponent(secret)].filter((text) => text.length >= SHORTEST);
}
