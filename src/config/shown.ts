/** How a value of a config may appear in a message: secrets never do. */
import { pathKey, type ValuePath } from "./place.ts";

/** Puts a value into words; `hides` says whether it must not be shown at all. */
export interface Shown {
  (value: unknown, path: ValuePath): string;
  hides(path: ValuePath): boolean;
}

const LONGEST_CHARACTERS = 60;
const SECRET_KEY = /pass(?:word|phrase)?|secret|token|credential|api-?key|authorization|^value$/i;

/**
 * @param sources the values that came from variables, with the variables as they are written
 */
export function shownWith(sources: ReadonlyMap<string, string>): Shown {
  const hides = (path: ValuePath): boolean => sources.has(pathKey(path)) || isSecretKey(path);
  const shown = (value: unknown, path: ValuePath): string => {
    const source = sources.get(pathKey(path));
    if (source !== undefined) return `the value of ${source}`;
    return isSecretKey(path) ? "a value that is kept secret" : inWords(value);
  };
  return Object.assign(shown, { hides });
}

/** `postgres://me:***@host/db` instead of the password; whatever lies before the last `@` of the host part. */
function withoutPasswords(text: string): string {
  return text.replaceAll(/([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*:)[^\s/]*@/gi, "$1***@");
}

function isSecretKey(path: ValuePath): boolean {
  return path.some((step) => typeof step === "string" && SECRET_KEY.test(step));
}

function inWords(value: unknown): string {
  if (typeof value === "string") return value === "" ? "empty text" : quoted(withoutPasswords(value));
  if (value === null) return "nothing";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") return String(value);
  return typeof value === "function" ? "a function" : "an object";
}

function quoted(text: string): string {
  return JSON.stringify(text.length > LONGEST_CHARACTERS ? `${text.slice(0, LONGEST_CHARACTERS)}...` : text);
}
