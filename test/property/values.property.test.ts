import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { columnReader, INVALID, TEXT } from "../../src/formats/values/column-reader.ts";
import { isoText } from "../../src/formats/values/iso-text.ts";
import { valueText } from "../../src/formats/values/write-text.ts";

const reader = (type: Parameters<typeof columnReader>[0]["type"]) => columnReader({ type });
const instant = fc.date({
  min: new Date("0001-01-01T00:00:00Z"),
  max: new Date("9999-12-31T23:59:59.999Z"),
  noInvalidDate: true,
});
const digits = (maxLength: number) => fc.stringMatching(new RegExp(String.raw`^\d{1,${maxLength}}$`));

/** A decimal text as an exact fraction: digits and how many of them stand behind the point. */
function exact(text: string): readonly [bigint, number] {
  const [, mantissa = "", exponent = "0"] = /^(?<mantissa>[^eE]*)(?:[eE](?<exponent>.*))?$/.exec(text) ?? [];
  const [whole = "", fraction = ""] = mantissa.replace("+", "").split(".");
  return [BigInt(`${whole}${fraction}`.replace(/^-?$/, "$&0")), fraction.length - Number(exponent)];
}

function sameNumber(left: string, right: string): boolean {
  const [[a, scaleA], [b, scaleB]] = [exact(left), exact(right)];
  const scale = Math.max(scaleA, scaleB);
  return a * 10n ** BigInt(scale - scaleA) === b * 10n ** BigInt(scale - scaleB);
}

describe("values that are written and read again are the same", () => {
  test("int", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => reader("int").read(valueText(value, "c", "portable")) === value),
    );
  });

  test("bigint", () => {
    fc.assert(fc.property(fc.bigInt(), (value) => reader("bigint").read(valueText(value, "c", "portable")) === value));
  });

  test("float", () => {
    fc.assert(
      fc.property(fc.double(), (value) => {
        expect(reader("float").read(valueText(value, "c", "portable"))).toEqual(value === 0 ? 0 : value);
      }),
    );
  });

  test("boolean", () => {
    fc.assert(
      fc.property(fc.boolean(), (value) => reader("boolean").read(valueText(value, "c", "portable")) === value),
    );
  });

  test("uuid", () => {
    fc.assert(fc.property(fc.uuid(), (value) => reader("uuid").read(valueText(value, "c", "portable")) === value));
  });

  test("timestamp", () => {
    fc.assert(
      fc.property(instant, (value) => {
        expect(isoText(value.getTime())).toBe(value.toISOString());
        for (const notation of ["portable", "postgres"] as const) {
          expect(reader("timestamp").read(valueText(value, "c", notation))).toEqual(value);
        }
      }),
    );
  });

  test("date", () => {
    fc.assert(
      fc.property(instant, (value) => {
        const text = value.toISOString().slice(0, 10);
        expect(reader("date").read(text)).toBe(text);
      }),
    );
  });

  test("bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.constantFrom("portable", "postgres"), (value, notation) => {
        expect(reader("bytes").read(valueText(value, "c", notation))).toEqual(value);
      }),
    );
  });

  test("json", () => {
    fc.assert(
      fc.property(fc.oneof(fc.array(fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue())), (value) => {
        const text = valueText(value, "c", "portable");
        expect(text).toBe(JSON.stringify(value));
        expect(reader("json").read(text)).toEqual(JSON.parse(text));
      }),
    );
  });
});

describe("a number is read exactly or not at all", () => {
  test("int", () => {
    fc.assert(
      fc.property(fc.constantFrom("", "-", "+"), digits(25), (sign, text) => {
        const value = reader("int").read(sign + text);
        const whole = BigInt(text) * (sign === "-" ? -1n : 1n);
        const safe = whole >= BigInt(Number.MIN_SAFE_INTEGER) && whole <= BigInt(Number.MAX_SAFE_INTEGER);
        expect(value).toBe(safe ? Number(whole) : INVALID);
      }),
    );
  });

  test("decimal", () => {
    const text = fc
      .tuple(
        fc.constantFrom("", "-", "+"),
        digits(30),
        fc.option(digits(30), { nil: "" }),
        fc.option(fc.integer({ min: -40, max: 40 })),
      )
      .map(([sign, whole, fraction, exponent]) => {
        const point = fraction === "" ? "" : ".";
        return `${sign}${whole}${point}${fraction}${exponent === null ? "" : `e${exponent}`}`;
      });
    fc.assert(
      fc.property(text, (source) => {
        const value = reader("decimal").read(source) as string;
        expect(value).toMatch(/^-?\d+(?:\.\d+)?$/);
        expect(sameNumber(source, value)).toBe(true);
        if (reader("decimal").plain(source)) expect(value).toBe(source);
      }),
    );
  });

  test("a plain text of any type reads as the value whose text it is", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.double().map(String), fc.bigInt().map(String), fc.stringMatching(/^[-+.\deE]{1,8}$/)),
        (text) => {
          for (const type of ["int", "bigint", "float", "decimal"] as const) {
            const value = reader(type).read(text);
            if (value === INVALID || !reader(type).plain(text)) continue;
            expect(reader(type).read(valueText(value, "c", "portable"))).toEqual(value === 0 ? 0 : value);
          }
        },
      ),
    );
  });
});

describe("a field is read from its bytes as from its text", () => {
  const nearly = [
    /^[+-]?\d{1,20}(?:\.\d{0,3})?(?:e\d)?$/,
    /^[\da-fA-F]{8}(?:-[\da-fA-F]{4}){3}-[\da-gA-G]{11,13}$/,
    /^20\d{2}-[01]\d-[0-3]\d(?:[T ][012]\d:[0-6]\d(?::[0-6]\d(?:[.,]\d{0,10})?)? ?(?:Z|[+-]\d{2}:?(?:\d{2})?)?)?$/,
  ].map((pattern) => fc.stringMatching(pattern));

  test.each(["int", "decimal", "date", "timestamp", "uuid"] as const)("%s", (type) => {
    const { read, readBytes } = reader(type);
    // what stands around a field must not matter
    const around = fc.constantFrom("", "0", "Z", ":00", "-", ",", "é");
    fc.assert(
      fc.property(fc.oneof(...nearly), around, around, (text, before, behind) => {
        const bytes = Buffer.from(`${before}${text}${behind}`);
        const begin = Buffer.byteLength(before);
        const value = readBytes?.(bytes, begin, begin + text.length);
        expect(value === TEXT ? text : value).toEqual(read(text));
      }),
    );
  });
});

describe("no text makes a reader throw", () => {
  test.each(["int", "bigint", "float", "decimal", "boolean", "date", "timestamp", "uuid", "json", "bytes"] as const)(
    "%s",
    (type) => {
      const declared = columnReader({
        type,
        formats: ["ISO", "dd.MM.yyyy HH:mm:ss.SSS a XXX"],
        timezone: "America/St_Johns",
      });
      const nearDates = fc.stringMatching(
        /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:?\d{2})?$/,
      );
      fc.assert(
        fc.property(fc.oneof(fc.string({ unit: "binary" }), nearDates), (text) => {
          const value = declared.read(text);
          if (value === INVALID) return;
          expect(value).toBeDefined();
          expect(typeof declared.plain(text)).toBe("boolean");
        }),
      );
    },
  );
});
