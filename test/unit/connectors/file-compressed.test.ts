import { appendFileSync, truncateSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { fileSourceShape } from "../../../src/connectors/file/options.ts";
import { fileSource } from "../../../src/connectors/file/source.ts";
import type { BoundSource, SplitPlan } from "../../../src/core/ports/source.ts";
import { Utf16Transcoder } from "../../../src/formats/utf16.ts";
import { memberOf } from "../../support/compressed.ts";
import { Folder, plainFormat, sourceContext } from "./file-support.ts";

const live = new AbortController().signal;
const shape = z.strictObject(fileSourceShape);
const rows = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) => `${from + i},${Math.sin(from + i)}\n`).join("");
const HEADER = "id,value\n";

function resolve(folder: Folder, path: string, change: Partial<z.input<typeof shape>> = {}): Promise<BoundSource> {
  return fileSource.resolve(shape.parse({ path, ...change }), sourceContext(folder.path));
}

const messageOf = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "none",
    ({ code, message }: { code: string; message: string }) => `${code}: ${message}`,
  );

async function readFrom(source: BoundSource, split: SplitPlan, token: string | number = split.origin): Promise<string> {
  await using reader = await source.open(split, { ordinal: 0n, token: String(token) }, live);
  if (reader.kind !== "bytes") throw new TypeError("a file is a stream of bytes");
  const block = new Uint8Array(50_000);
  let text = "";
  for (let length = await reader.read(block); length > 0; length = await reader.read(block)) {
    text += Buffer.from(block.subarray(0, length)).toString();
  }
  return text;
}

function first(source: BoundSource): SplitPlan {
  const [split] = source.splits;
  if (split === undefined) throw new TypeError("no split");
  return split;
}

describe.each([
  ["gzip", "gz"],
  ["zstd", "zst"],
] as const)("fileSource, %s:", (name, extension) => {
  test("reads the decompressed bytes; positions count them, and no size is claimed for them", async () => {
    using folder = new Folder();
    const text = HEADER + rows(0, 30_000);
    folder.write(
      `a.csv.${extension}`,
      Buffer.concat([memberOf(name, text.slice(0, 5)), memberOf(name, text.slice(5))]),
    );
    const source = await resolve(folder, `a.csv.${extension}`);
    const split = first(source);
    expect(split).toMatchObject({ origin: String(HEADER.length), originLine: 2, fields: ["id", "value"] });
    expect(split).not.toHaveProperty("bytes");
    expect(await readFrom(source, split)).toBe(text.slice(HEADER.length));
    expect(await readFrom(source, split, 400_001)).toBe(text.slice(400_001));
  });

  test("tells compressed data by its first bytes, whatever the name says", async () => {
    using folder = new Folder();
    folder.write("a.csv", memberOf(name, `${HEADER}1,2\n`));
    folder.write(`b.csv.${extension === "gz" ? "zst" : "gz"}`, memberOf(name, `${HEADER}1,2\n`));
    for (const path of ["a.csv", "b.csv.*"]) {
      const source = await resolve(folder, path);
      expect(await readFrom(source, first(source))).toBe("1,2\n");
    }
    const asItIs = await resolve(folder, "a.csv", { compression: "none" });
    expect(first(asItIs)).toHaveProperty("bytes");
  });

  test("refuses a file that does not begin as its name or the job says", async () => {
    using folder = new Folder();
    folder.write(`a.csv.${extension}`, HEADER);
    folder.write("b.csv", HEADER);
    folder.write("c.csv", memberOf(name === "gzip" ? "zstd" : "gzip", HEADER));
    expect(await messageOf(resolve(folder, `a.csv.${extension}`))).toBe(
      `SOURCE_FAILED: source.path: a.csv.${extension} does not begin as ${name} data does: get the file anew, or set ` +
        "source.compression: none if it is not compressed in spite of its name",
    );
    expect(await messageOf(resolve(folder, "b.csv", { compression: name }))).toContain(
      `b.csv does not begin as ${name} data does, but source.compression is ${name}; leave that out`,
    );
    expect(await messageOf(resolve(folder, "c.csv", { compression: name }))).toContain("c.csv begins as ");
    const plain = await resolve(folder, `a.csv.${extension}`, { compression: "none" });
    expect(first(plain)).toMatchObject({ fields: ["id", "value"] });
  });

  test("goes on in a file that got another member, and refuses one that got shorter or other data", async () => {
    using folder = new Folder();
    const text = HEADER + rows(0, 20_000);
    const file = folder.write(`a.csv.${extension}`, memberOf(name, text));
    const split = first(await resolve(folder, `a.csv.${extension}`));
    appendFileSync(file, memberOf(name, "more\n"));
    const grown = await resolve(folder, `a.csv.${extension}`);
    expect(await readFrom(grown, split, text.length)).toBe("more\n");
    expect(await messageOf(readFrom(grown, split, text.length + 100))).toContain(
      `SOURCE_CHANGED: a.csv.${extension} has changed since this run began: it ends at decompressed byte ${text.length + 5}, and`,
    );
    truncateSync(file, 1000);
    expect(await messageOf(readFrom(grown, split, 100))).toContain("it was shortened from at least");
    writeFileSync(file, memberOf(name, HEADER + rows(7, 30_000)));
    expect(await messageOf(readFrom(grown, split, 100))).toContain("its beginning was rewritten");
  });

  test("refuses data beyond inflate.maxBytes where it lies, and at once when it lies in the head", async () => {
    using folder = new Folder();
    folder.write(`a.csv.${extension}`, memberOf(name, HEADER + rows(0, 30_000)));
    const late = await resolve(folder, `a.csv.${extension}`, { inflate: { maxBytes: "200KiB" } }).catch(String);
    const message = typeof late === "string" ? late : await messageOf(readFrom(late, first(late)));
    expect(message).toContain(
      `a.csv.${extension}: it inflates to more than inflate.maxBytes (200 KiB). Raise that limit`,
    );
  });

  test("reads an empty file as one without records, and a cut off one up to its fault", async () => {
    using folder = new Folder();
    const text = HEADER + rows(0, 100_000);
    const whole = memberOf(name, text);
    const file = folder.write(`a.csv.${extension}`, whole.subarray(0, whole.length - 1000));
    const source = await resolve(folder, `a.csv.${extension}`);
    expect(await messageOf(readFrom(source, first(source)))).toMatch(
      new RegExp(
        `^SOURCE_FAILED: reading a.csv.${extension}: its ${name} data is cut off at compressed byte ${whole.length - 1000}, `,
      ),
    );
    writeFileSync(file, "");
    const empty = await resolve(folder, `a.csv.${extension}`);
    expect(await readFrom(empty, first(empty))).toBe("");
  });

  test("turns what it inflates into UTF-8 where the format wants that", async () => {
    using folder = new Folder();
    const text = `${HEADER}1,Zoë😀\n`.repeat(20_000);
    folder.write(`a.csv.${extension}`, memberOf(name, Buffer.from(text, "utf16le")));
    const format = { ...plainFormat, transcoder: () => new Utf16Transcoder("utf-16le") };
    const options = shape.parse({ path: `a.csv.${extension}` });
    const source = await fileSource.resolve(options, sourceContext(folder.path, { format }));
    const bytes = Buffer.from(text);
    expect(await readFrom(source, first(source), 0)).toBe(text);
    expect(await readFrom(source, first(source), 300_000)).toBe(bytes.subarray(300_000).toString());
  });
});

describe("fileSource, a file that changes while it is read:", () => {
  const text = HEADER + rows(0, 20_000);
  async function readWhile(change: (file: string) => void, name = "a.csv", data: string | Uint8Array = text) {
    using folder = new Folder();
    const file = folder.write(name, data);
    const source = await resolve(folder, name);
    await using reader = await source.open(first(source), { ordinal: 0n, token: "9" }, live);
    if (reader.kind !== "bytes") throw new TypeError("a file is a stream of bytes");
    const block = new Uint8Array(10_000);
    let total = await reader.read(block);
    change(file);
    const rest = async (): Promise<number> => {
      for (let read = -1; read !== 0; total += read) read = await reader.read(block);
      return total;
    };
    return await rest().catch(({ code, message }: { code: string; message: string }) => `${code}: ${message}`);
  }

  test("shorter: says where it ends now", async () => {
    expect(await readWhile((file) => truncateSync(file, 5000))).toBe(
      `SOURCE_CHANGED: a.csv was shortened while it was read: it had ${text.length} bytes and has 5000 now; ` +
        "what was committed stays. Bring it back, or begin again with --restart",
    );
  });

  test("longer: reads to the end that it then has", async () => {
    expect(await readWhile((file) => appendFileSync(file, "1,2\n"))).toBe(text.length - 9 + 4);
  });

  test("written over: says so at its end", async () => {
    expect(await readWhile((file) => writeFileSync(file, `other\n${text}`))).toContain(
      "SOURCE_CHANGED: a.csv has changed since this run began: its beginning was rewritten",
    );
  });
});
