import { describe, expect, test } from "vitest";
import { canRedraw, columnsOf, needsAscii, tableWidth, wantsColor } from "../../../src/cli/terminal.ts";

const terminal = { isTTY: true, columns: 90, write: () => true };
const pipe = { write: () => true };

describe("what a terminal can show", () => {
  test.each([
    [terminal, {}, [true, true]],
    [terminal, { NO_COLOR: "1" }, [false, true]],
    [terminal, { NO_COLOR: "" }, [true, true]],
    [terminal, { TERM: "dumb" }, [false, false]],
    [terminal, { CI: "true" }, [true, false]],
    [terminal, { CI: "false" }, [true, true]],
    [pipe, {}, [false, false]],
  ])("colours and a line drawn over again: %o in %o", (stream, env, [color, redraw]) => {
    expect([wantsColor(stream, env), canRedraw(stream, env)]).toEqual([color, redraw]);
  });

  test.each([
    [{}, false],
    [{ LANG: "de_DE.UTF-8" }, false],
    [{ LANG: "en_US.utf8" }, false],
    [{ LANG: "C" }, true],
    [{ LC_ALL: "POSIX", LANG: "en_US.UTF-8" }, true],
    [{ LC_ALL: "", LC_CTYPE: "en_US.UTF-8", LANG: "C" }, false],
    [{ TERM: "linux" }, true],
  ])("ASCII alone in %o: %s", (env, ascii) => {
    expect(needsAscii(env)).toBe(ascii);
  });

  test("columns are those of the first stream that knows", () => {
    expect(columnsOf(pipe, { ...pipe, columns: 0 }, terminal)).toBe(90);
    expect(columnsOf(pipe)).toBe(100);
  });

  test("a table is cut for a terminal, never for a program that reads it", () => {
    expect([tableWidth(terminal), tableWidth({ ...pipe, columns: 90 })]).toEqual([90, Number.POSITIVE_INFINITY]);
  });
});
