/** Breaks text at spaces, for terminals. */

/**
 * The text in lines of at most `width` columns; every line but the first starts with `indent`. A word that is longer stays whole.
 *
 * @example
 * wrap("one two three", 8, "  "); // "one two\n  three"
 */
export function wrap(text: string, width: number, indent: string): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (longer.length <= width || line.trim() === "") {
      line = longer;
      continue;
    }
    lines.push(line);
    line = indent + word;
  }
  return [...lines, line].join("\n");
}
