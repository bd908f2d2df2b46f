/** The zod shapes that options of connectors, formats and jobs share. Only option specs import this file. */
import { z } from "zod";
import { BYTES_ALLOWED, DURATION_ALLOWED, parseBytes, parseDuration } from "./quantity.ts";

/** What a number or text of a quantity means; the reference reads it. */
export const quantityUnits = z.registry<{ readonly unit: "size" | "duration" }>();

/** A size: `64KiB` or a number of bytes in, bytes out. */
export function bytesOption(limits: { readonly min?: number; readonly max?: number } = {}) {
  return quantityOption(parseBytes, BYTES_ALLOWED, { min: 1, ...limits }).register(quantityUnits, { unit: "size" });
}

/** A duration: `10s` or a number of milliseconds in, milliseconds out. */
export function durationOption(limits: { readonly min?: number; readonly max?: number } = {}) {
  return quantityOption(parseDuration, DURATION_ALLOWED, { min: 0, ...limits }).register(quantityUnits, {
    unit: "duration",
  });
}

/** A whole number of things. */
export function countOption(min = 1) {
  return z.int("expected a whole number").min(min, `expected at least ${min}`);
}

/** A share between 0 and 1. */
export function fractionOption() {
  return z.number().min(0).max(1);
}

/** Text that is not empty. */
export function textOption() {
  return z.string().min(1);
}

/** The certificates of an encrypted connection, each as PEM text or as a path. */
export function certificatesOption() {
  return z
    .strictObject({
      ca: textOption().describe("Certificate of the authority to trust."),
      cert: textOption().describe("Own certificate."),
      key: textOption().describe("Key of the own certificate."),
    })
    .partial();
}

/** A time zone by its IANA name. */
export function timezoneOption() {
  return z.string().refine(isTimezone, "expected an IANA time zone such as UTC or Europe/Berlin");
}

/** Zones that were found: the platform takes a millisecond and more to look one up, and a hundred jobs name the same few. */
const timezones = new Set<string>();

function isTimezone(name: string): boolean {
  if (timezones.has(name)) return true;
  try {
    const isKnown = new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
    if (isKnown) timezones.add(name);
    return isKnown;
  } catch {
    return false;
  }
}

interface Limits {
  readonly min: number;
  readonly max?: number;
}

/** The message says only what is expected: what stood there may be a secret, so the reporter decides about it. */
function quantityOption(parse: (input: string | number) => number, allowed: string, limits: Limits) {
  return z.union([z.number(), z.string()], { error: `expected ${allowed}` }).transform((input, context) => {
    const value = attempt(() => parse(input));
    if (value !== undefined && value >= limits.min && value <= (limits.max ?? value)) return value;
    const message = `expected ${value === undefined ? allowed : rangeOf(limits)}`;
    context.addIssue({ code: "custom", input, message });
    return z.NEVER;
  });
}

function attempt(parse: () => number): number | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}

function rangeOf({ min, max }: Limits): string {
  return max === undefined ? `at least ${min}` : `${min} to ${max}`;
}
