/** A Dockerfile as data: its stages with their instructions. */

/** A line of a Dockerfile, continued lines joined. */
export interface Instruction {
  /** `RUN`, `COPY` and so on. */
  readonly word: string;
  readonly text: string;
}

/** From one FROM to the next. */
export interface Stage {
  /** The image that it starts from. */
  readonly image: string;
  /** Its name, or its number. */
  readonly name: string;
  readonly instructions: readonly Instruction[];
}

/** The stages of a Dockerfile, in order. */
export function readDockerfile(text: string): readonly Stage[] {
  const stages: (Stage & { readonly instructions: Instruction[] })[] = [];
  for (const { word, text: rest } of instructionsOf(text)) {
    if (word === "FROM") {
      const [image = "", , name = String(stages.length)] = rest.split(/\s+/);
      stages.push({ image, name, instructions: [] });
    } else {
      stages.at(-1)?.instructions.push({ word, text: rest });
    }
  }
  return stages;
}

function instructionsOf(text: string): readonly Instruction[] {
  const lines = text
    .replaceAll(/^#.*\n/gm, "")
    .replaceAll(/\\\n\s*/g, " ")
    .split("\n")
    .filter((line) => line.trim() !== "");
  return lines.map((line) => {
    const [, word = "", rest = ""] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
    return { word, text: rest };
  });
}

/** What the last instruction of that word says. */
export function lastOf({ instructions }: Stage, word: string): string | undefined {
  return instructions.findLast((instruction) => instruction.word === word)?.text;
}

/** The words of an instruction in exec form: `["node", "main.js"]`; what it has before the list is passed over. */
export function execForm(text: string | undefined): readonly string[] {
  const list = /\[.*\]$/.exec(text ?? "")?.[0];
  if (list === undefined) throw new TypeError(`not in exec form: ${text}`);
  return JSON.parse(list) as string[];
}

/** What a COPY takes, from where, and where it puts it. */
export interface Copy {
  /** The stage that it takes from; undefined: the folder of the Dockerfile. */
  readonly from: string | undefined;
  readonly sources: readonly string[];
  readonly target: string;
}

/** The COPYs of a stage. */
export function copiesOf({ instructions }: Stage): readonly Copy[] {
  return instructions
    .filter(({ word }) => word === "COPY")
    .map(({ text }) => {
      const words = text.split(/\s+/);
      const from = words[0]?.startsWith("--from=") === true ? words.shift()?.slice("--from=".length) : undefined;
      const target = words.pop() ?? "";
      return { from, sources: words, target };
    });
}
