import { afterEach, describe, expect, test, vi } from "vitest";
import { compile } from "../../../../src/formats/generated/compile.ts";

describe("compile()", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  test("gives a function that knows its scope by name", () => {
    const generated = compile<(value: number) => number>("double", { factor: 2 }, "return (value) => value * factor;");
    expect(generated?.run(21)).toBe(42);
    expect(generated?.text).toBe("return (value) => value * factor;");
  });

  test("gives null where the process forbids generated code", () => {
    vi.stubGlobal("Function", function forbidden() {
      throw new EvalError("Code generation from strings disallowed for this context");
    });
    expect(compile("none", {}, "return () => 1;")).toBeNull();
  });

  test("lets other faults out", () => {
    expect(() => compile("broken", {}, "return (")).toThrow(SyntaxError);
  });
});
