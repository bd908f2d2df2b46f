/** Options of a call against their spec. */
import type { z } from "zod";
import { MillraceError } from "../core/errors.ts";

/**
 * The options, with their defaults filled in.
 *
 * @throws MillraceError CONFIG_INVALID naming the call, the option and what is allowed
 */
export function checked<Shape extends z.ZodType>(caller: string, shape: Shape, options: unknown): z.output<Shape> {
  const result = shape.safeParse(options);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place = issue === undefined || issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
  throw new MillraceError("CONFIG_INVALID", `${caller}: ${place}${issue?.message ?? "the options are not valid"}`);
}
