import { spawnSync } from "node:child_process";
import { Command, Option } from "commander";
import { describe, expect, it } from "vitest";
import { completionScript } from "../../../src/cli/completion.ts";

function program(): Command {
  const made = new Command("millrace");
  made
    .command("run <job>")
    .description("run it: once")
    .option("--limit <n>", 'only [n] of them, if it\u2019s "long" or isn\'t')
    .addOption(new Option("--later").hideHelp());
  made.command("check").description("check it").option("--connect", "look around");
  const state = made.command("state").description("look at it");
  state.command("show <job>").option("--json", "as JSON");
  state.command("forget <job>").option("--yes", "do not ask").option("--json", "as JSON");
  made.command("hidden", { hidden: true });
  return made;
}

/** What bash offers behind these words. */
function offered(words: readonly string[]): string[] {
  const script = `${completionScript(program(), "bash")}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}; _millrace; echo "\${COMPREPLY[*]}"`;
  return spawnSync("bash", ["-c", script], { encoding: "utf8" }).stdout.trim().split(" ").filter(Boolean);
}

describe("completionScript()", () => {
  it.each([
    [
      ["millrace", ""],
      ["run", "check", "state", "--help", "--version"],
    ],
    [["millrace", "r"], ["run"]],
    [
      ["millrace", "run", "--"],
      ["--limit", "--help"],
    ],
    [["millrace", "check", "--c"], ["--connect"]],
    [["millrace", "run", "jobs/"], []],
    [["millrace", "state", "f"], ["forget"]],
    [
      ["millrace", "state", "show", "--"],
      ["--json", "--yes", "--help"],
    ],
  ])("makes bash offer for %j: %j", (words, expected) => {
    expect(offered(words)).toEqual(expected);
  });

  it("describes commands and options to zsh, without what would end a description", () => {
    const script = completionScript(program(), "zsh");
    expect(script).toContain("'run:run it\\: once'");
    expect(script).toContain("'--limit[only \\[n\\] of them, if it\u2019s \"long\" or isnt]'");
    expect(script).not.toMatch(/hidden|--later/);
  });

  it("describes commands and options to fish", () => {
    const script = completionScript(program(), "fish");
    expect(script).toContain("-a run -d 'run it: once'");
    expect(script).toContain("-l limit -d 'only [n] of them, if it\u2019s \"long\" or isn\\'t'");
  });
});
