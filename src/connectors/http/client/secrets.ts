/** Texts that must not come back to light in what a server answers. */

/** Shorter ones would take every other word of a message with them. */
const SHORTEST = 4;

/** Knows secrets and takes them out of other texts. */
export class Secrets {
  readonly #texts = new Set<string>();

  add(secret: string): void {
    for (const text of looksOf(secret)) this.#texts.add(text);
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
