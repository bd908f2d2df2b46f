/** How generated writers write records that nobody has read as JSON lines. */
import type { PassedField, PassFormat } from "../generated/pass-code.ts";
import { stampCode, stampRoom } from "../generated/stamp-code.ts";

const QUOTE = 34;
const OPEN = 123;
const CLOSE = 125;
const LF = 10;
const SMALL_F = 102;
const SMALL_T = 116;
/** Room for a word in a field's place, and for what ends the row. */
const WORDS_ROOM = 16;

/** The writer of objects with these keys; `plainly` writes a member of it, its comma included. */
export function jsonPassFormat(names: readonly string[], plainly: PassFormat["plainly"]): PassFormat {
  const labels = names.map((name, index) => `${index === 0 ? "{" : ","}${JSON.stringify(name)}:`);
  return {
    name: "passJsonRow",
    labelRoom: Math.max(...labels.map(stampRoom)) + WORDS_ROOM,
    nothing: (index) => stampCode(`${labels[index]}null`),
    field: (field) => passedMemberCode(labels[field.index] as string, field),
    // the plain way begins each member with a comma
    end: `  bytes[start] = ${OPEN};\n  bytes[p++] = ${CLOSE}; bytes[p++] = ${LF};`,
    plainly,
  };
}

/** Code that writes a field behind its label. */
function passedMemberCode(label: string, field: PassedField): string {
  const { notation, isCopied, isWhole, isNumber, isLetter, copy, plainly } = field;
  const bare = `${stampCode(label)} ${copy}`;
  switch (notation) {
    case "digits":
      return `if (${isWhole}) { ${bare} } else { ${plainly} }`;
    case "float":
      return `if (${isNumber}) { ${bare} } else { ${plainly} }`;
    case "truth":
      return [
        `if (${isLetter(SMALL_T)}) { ${stampCode(`${label}true`)} }`,
        `  else if (${isLetter(SMALL_F)}) { ${stampCode(`${label}false`)} } else { ${plainly} }`,
      ].join("\n");
    case "text":
      return `if (${isCopied}) { ${stampCode(`${label}"`)} ${copy} bytes[p++] = ${QUOTE}; } else { ${plainly} }`;
    case "other":
      return `{ ${plainly} }`;
  }
}
