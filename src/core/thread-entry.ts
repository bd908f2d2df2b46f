/** Where a thread's entry file lies, whether the sources or the build are running. */

/**
 * The URL of the module `name` beside the calling one, with the caller's own extension.
 *
 * The compiler rewrites the extensions of imports but not of strings, so an entry file is named without one.
 *
 * @param importMetaUrl `import.meta.url` of the calling module
 * @param name relative path without its extension
 * @example
 * new Worker(threadEntry(import.meta.url, "./worker")); // ./worker.ts from src, ./worker.js from dist
 */
export function threadEntry(importMetaUrl: string, name: string): URL {
  const extension = /\.[cm]?[jt]s$/.exec(new URL(importMetaUrl).pathname)?.[0] ?? ".js";
  return new URL(`${name}${extension}`, importMetaUrl);
}
