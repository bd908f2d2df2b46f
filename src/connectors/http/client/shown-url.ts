/** An address as messages show it. */

/**
 * Without user, password, query and fragment: any of them may hold a secret.
 *
 * @example
 * shownUrl(new URL("https://etl:s3cret@api.example.com/items?key=s3cret")); // "https://api.example.com/items"
 */
export function shownUrl(url: URL): string {
  return `${url.origin}${url.pathname}`;
}
