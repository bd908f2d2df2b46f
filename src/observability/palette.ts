/** Colours of a terminal, or none. */
import { styleText } from "node:util";

/** What a text is about; each meaning has one colour everywhere. */
export type Tone = "good" | "bad" | "warning" | "accent" | "quiet" | "strong";

const STYLES = {
  good: "green",
  bad: "red",
  warning: "yellow",
  accent: "cyan",
  quiet: "dim",
  strong: "bold",
} as const satisfies Record<Tone, string>;

/** Paints a text in a tone. */
export type Paint = (tone: Tone, text: string) => string;

/** A {@link Paint} that uses escape sequences only if `color` is true. */
export function painter(color: boolean): Paint {
  if (!color) return (_tone, text) => text;
  return (tone, text) => styleText(STYLES[tone], text, { validateStream: false });
}
