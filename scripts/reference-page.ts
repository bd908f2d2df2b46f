/** Makes the pages of all keys from the shapes that hold jobs and runtime files, so that they can never say anything else. */
import { z } from "zod";
import { jobShape } from "../src/config/job-shape.ts";
import { runtimeShape } from "../src/config/runtime-shape.ts";
import { quantityUnits } from "../src/core/option-shapes.ts";

/** The part of JSON Schema that job shapes become, with what zod knows and JSON Schema does not. */
interface Shape {
  readonly description?: string;
  readonly default?: unknown;
  readonly unit?: "size" | "duration";
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Shape[];
  readonly oneOf?: readonly Shape[];
  readonly items?: Shape;
  readonly properties?: { readonly [key: string]: Shape };
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Shape;
  readonly $ref?: string;
  readonly $defs?: { readonly [name: string]: Shape };
}

/** One line of a table. */
interface Row {
  readonly key: string;
  readonly type: string;
  readonly default: string;
  readonly description: string;
}

const UNITS = `A **size** is a number of bytes or a text such as \`64KiB\`, \`1MiB\`; a **duration** a number of milliseconds or a text such as \`500ms\`, \`10s\`,
\`5m\`, \`1h\`, \`30d\`. A key without a default is optional unless it is marked **required**.
`;

const HEAD = `# Reference of jobs

Every key that a job file (YAML or JSON) or \`defineJob\` may have. Made by \`npm run reference\` from the shapes that jobs are held against, as
\`config/millrace.schema.json\` is, which gives editors the same. What the words mean exactly is in [formats.md](formats.md) for formats and in
the guides; what this version does not have yet it refuses by its name (\`NOT_BUILT\`). What the daemon reads beside its jobs is in
[reference-runtime.md](reference-runtime.md).

${UNITS}`;

const RUNTIME_HEAD = `# Reference of the runtime file

Every key of the file that \`millrace daemon\` reads, \`config/millrace.yaml\` unless another is named. It is YAML or JSON; a program calls
\`createRuntime\` instead. Made by \`npm run reference\` from the shape that runtime files are held against, as \`config/millrace-runtime.schema.json\`
is, which gives editors the same. What a job file may hold is in [reference.md](reference.md).

\`\${NAME}\`, \`\${NAME:-default}\` and \`\${file:/run/secrets/name}\` are filled in, and paths start from the file's folder, as in jobs.
\`millrace check config/millrace.yaml\` checks it with all of its jobs; \`millrace daemon\` starts when every one of them is right.

${UNITS}`;

/** Keys whose values have sections of their own. */
const SECTIONS = new Set(["source", "sink", "sinks", "rejects", "trigger", "csv", "text"]);
const BYTE_UNITS = ["", "KiB", "MiB", "GiB"] as const;
const TIME_UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
] as const;

/** The text of `docs/reference.md`. */
export function referencePage(): string {
  const job = shapesOf(jobShape);
  const tables = new Tables(job.$defs ?? {});
  const keys = job.properties ?? {};
  const sources = tables.kindsOf(keys["source"]);
  const sinks = tables.kindsOf(keys["sink"]);
  const sections = [
    tables.section("## Job", job),
    ...sources.map((shape) => tables.section(`## Source \`${kindOf(shape)}\``, shape)),
    ...csvSections(tables, sources, "source"),
    ...sinks.map((shape) => tables.section(`## Sink \`${kindOf(shape)}\``, shape)),
    ...csvSections(tables, sinks, "sink"),
    ...tables.kindsOf(keys["trigger"]).map((shape) => tables.section(`## Trigger \`${kindOf(shape)}\``, shape)),
  ];
  return `${[HEAD.trimEnd(), ...sections].join("\n\n")}\n`;
}

/** The text of `docs/reference-runtime.md`. */
export function runtimeReferencePage(): string {
  const runtime = shapesOf(runtimeShape);
  const table = new Tables(runtime.$defs ?? {}).section("## Runtime", runtime);
  return `${RUNTIME_HEAD.trimEnd()}\n\n${table}\n`;
}

/** Keys of a page without a description: there must be none. */
export function undescribedKeys(page: string): readonly string[] {
  return [...page.matchAll(/^\| `(?<key>[^`]+)` \|.*\|  \|$/gm)].map(({ groups }) => groups?.["key"] ?? "");
}

function csvSections(tables: Tables, connectors: readonly Shape[], side: string): readonly string[] {
  const file = connectors.find((shape) => kindOf(shape) === "file");
  return ["csv", "text"].flatMap((key) => {
    const shape = file?.properties?.[key];
    return shape === undefined ? [] : [tables.section(`## \`${key}\` of a ${side}`, shape)];
  });
}

/** The `type` of a connector or another shape that has several forms. */
function kindOf({ properties }: Shape): string {
  const kind = properties?.["type"]?.const;
  return typeof kind === "string" ? kind : "";
}

/** JSON Schema of a shape as it is written, with units and the defaults that JSON Schema of inputs leaves out. */
function shapesOf(shape: z.ZodType): Shape {
  return z.toJSONSchema(shape, {
    io: "input",
    override({ zodSchema, jsonSchema }) {
      const unit = unitOf(zodSchema);
      if (unit !== undefined) Object.assign(jsonSchema, { unit });
      const { def } = zodSchema._zod;
      if (def.type === "default") Object.assign(jsonSchema, { default: def.defaultValue });
    },
  }) as Shape;
}

function unitOf(schema: z.core.$ZodType): Shape["unit"] {
  const own = quantityUnits.get(schema)?.unit;
  if (own !== undefined) return own;
  const { innerType } = schema._zod.def as { readonly innerType?: z.core.$ZodType };
  return innerType === undefined ? undefined : unitOf(innerType);
}

class Tables {
  readonly #definitions: { readonly [name: string]: Shape };

  constructor(definitions: { readonly [name: string]: Shape }) {
    this.#definitions = definitions;
  }

  section(title: string, shape: Shape): string {
    const rows = this.#rowsOf(this.#resolve(shape), "");
    if (rows.length === 0) return `${title}\n\nNo further keys.`;
    const lines = rows.map((row) => `| \`${row.key}\` | ${row.type} | ${row.default} | ${row.description} |`);
    return [title, "", "| key | type | default | meaning |", "|---|---|---|---|", ...lines].join("\n");
  }

  /** The branches of a shape that its `type` chooses among. */
  kindsOf(shape: Shape | undefined): readonly Shape[] {
    return shape === undefined ? [] : (this.#resolve(shape).oneOf ?? []);
  }

  /** The shape behind a reference; that of any JSON value, which refers to itself, is left out. */
  #resolve(shape: Shape): Shape {
    const name = /^#\/\$defs\/(?<name>(?!__).+)$/.exec(shape.$ref ?? "")?.groups?.["name"] ?? "";
    const target = this.#definitions[name];
    return target === undefined ? shape : { ...this.#resolve(target), ...shape };
  }

  #rowsOf({ properties = {}, required = [] }: Shape, path: string): readonly Row[] {
    return Object.entries(properties).flatMap(([key, given]) => {
      const shape = this.#resolve(given);
      if (key === "type" && shape.const !== undefined) return [];
      const row = {
        key: path + key,
        type: SECTIONS.has(path + key) ? sectionType(key) : this.#typeOf(shape),
        default: required.includes(key) ? "**required**" : defaultOf(shape),
        description: (shape.description ?? "").replaceAll("|", "\\|"),
      };
      return [row, ...(SECTIONS.has(path + key) ? [] : this.#nestedRows(shape, path + key))];
    });
  }

  /** The keys of an object, of the object among several forms, or of each entry of a map. */
  #nestedRows(shape: Shape, path: string): readonly Row[] {
    const { additionalProperties: entry } = shape;
    if (shape.properties !== undefined) return this.#rowsOf(shape, `${path}.`);
    if (typeof entry === "object") return this.#nestedRows(this.#resolve(entry), `${path}.*`);
    const forms = (shape.anyOf ?? shape.oneOf ?? []).map((form) => this.#resolve(form));
    const objects = forms.filter(({ properties }) => properties !== undefined);
    return objects.flatMap((form) => {
      const hasName = form.properties?.["type"]?.const !== undefined;
      const rows = this.#rowsOf(form, `${path}.`);
      if (objects.length === 1) return rows;
      // where the forms have no name, each is told by its key, and none of them is required
      return hasName
        ? rows.map((row) => ({ ...row, description: `With \`type: ${kindOf(form)}\`: ${row.description}` }))
        : rows.map((row) => ({ ...row, default: "" }));
    });
  }

  #typeOf(given: Shape): string {
    const shape = this.#resolve(given);
    if (shape.unit !== undefined) return shape.unit;
    const forms = shape.anyOf ?? shape.oneOf;
    if (forms !== undefined) return [...new Set(forms.map((form) => this.#typeOf(form)))].join(" or ");
    if (shape.const !== undefined) return code(shape.const);
    if (shape.enum !== undefined) return shape.enum.map(code).join(", ");
    if (shape.items !== undefined) return `a list of ${this.#typeOf(shape.items)}`;
    if (typeof shape.additionalProperties === "object" && shape.properties === undefined) {
      return `a map of ${this.#typeOf(shape.additionalProperties)}`;
    }
    return plainType(shape.type);
  }
}

function sectionType(key: string): string {
  if (key === "sinks") return "a map of sinks";
  return key === "rejects" ? "a sink" : "see below";
}

function plainType(type: Shape["type"]): string {
  const names = [type ?? "any"].flat().map((name) => TYPE_NAMES[name] ?? name);
  return names.join(" or ");
}

const TYPE_NAMES: { readonly [type: string]: string } = {
  string: "text",
  integer: "whole number",
  object: "an object",
  any: "any value",
  null: "`null`",
};

function code(value: unknown): string {
  return `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
}

function defaultOf({ default: value, unit }: Shape): string {
  if (value === undefined || isEmptyObject(value)) return "";
  if (typeof value === "number" && unit === "size") return `\`${sizeText(value)}\``;
  if (typeof value === "number" && unit === "duration") return `\`${durationText(value)}\``;
  return value === "|" ? "`\\|`" : `\`${JSON.stringify(value)}\``;
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
}

function sizeText(bytes: number): string {
  let [rest, power] = [bytes, 0];
  while (rest >= 1024 && rest % 1024 === 0 && power < BYTE_UNITS.length - 1) [rest, power] = [rest / 1024, power + 1];
  return `${rest}${BYTE_UNITS[power] ?? ""}`;
}

function durationText(ms: number): string {
  if (ms === 0) return "0";
  const [unit, length] = TIME_UNITS.find(([, size]) => ms % size === 0) ?? ["ms", 1];
  return `${ms / length}${unit}`;
}
