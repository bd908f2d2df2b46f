/** The last line of defence for secrets: whoever makes a message keeps them out, this keeps out what was forgotten. */

/**
 * `://user:password@` up to the password; passwords may hold anything but white space, a slash and an at sign. What stands
 * before is not looked at: to look for a scheme costs the square of a long word's length.
 */
const URL_PASSWORD = /(?<head>:\/\/[^\s:/@]*:)[^\s/@]+@/g;

/** `password=...`, `token: ...` and their like, in words that drivers use. */
const NAMED_SECRET =
  /(?<head>\b(?:password|passwd|secret|token|api[_-]?key)["']?\s*[=:]\s*)(?:"[^"]*"|'[^']*'|[^\s,;&"'})]+)/gi;

/**
 * A text without passwords of URLs and without named secrets.
 *
 * @example
 * redact("postgres://etl:s3cret@db/orders"); // "postgres://etl:***@db/orders"
 */
export function redact(text: string): string {
  return text.replaceAll(URL_PASSWORD, "$<head>***@").replaceAll(NAMED_SECRET, "$<head>***");
}
