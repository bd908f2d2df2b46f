/**
 * `node scripts/picture.ts`: docs/run.svg, what a terminal shows of a real run of the built program: the command line, its
 * bar on the way, and the summary. Sample orders from CSV through config/orders.ts into JSON lines.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { stripVTControlCharacters } from "node:util";
import { setFlagsFromString } from "node:v8";
import type { CliProcess } from "../src/cli/terminal.ts";
import { root } from "./steps.ts";

// as src/cli/main.ts does it, which says why
setFlagsFromString("--semi-space-growth-factor=1");
const program = path.join(root, "dist/cli/program.js");
const { runProgram } = (await import(program)) as typeof import("../src/cli/program.ts");

const ROWS = 500_000;
const COLUMNS = 112;
const ERASE = "\r\u001B[2K";
/** The share at which the bar is shown. */
const SHOWN_PERCENT = 62;

const CELL = { width: 7.8, height: 18, size: 13, padding: 16 };
const BACKGROUND = "#1d2433";
const FOREGROUND = "#d7dce6";
const COLORS: { readonly [code: string]: string } = {
  "2": "#76819a",
  "31": "#f07178",
  "32": "#a5d36a",
  "33": "#e6b450",
  "36": "#5ccfe6",
};

/** Runs the job on a terminal that keeps what is written to it. */
async function record(folder: string): Promise<string> {
  // by another process, so that the run's peak of memory is the run's own
  const generator = path.join(import.meta.dirname, "generate-orders.ts");
  spawnSync(process.execPath, [generator, String(ROWS), path.join(folder, "orders.csv")], { stdio: "ignore" });
  const job = {
    name: "orders",
    source: { type: "file", path: "orders.csv" },
    columns: { id: "int", customer_id: "uuid", created_at: "timestamp", quantity: "int", unit_price: "decimal" },
    transform: path.join(root, "config/orders.ts"),
    sink: { type: "file", path: "orders.jsonl" },
    rejects: { type: "file", path: "orders.rejects.jsonl" },
  };
  writeFileSync(path.join(folder, "orders.json"), JSON.stringify(job));
  let shown = "";
  const stream = { isTTY: true, columns: COLUMNS, write: (text: string) => void (shown += text) };
  const nobody = (): void => {};
  const env = { TERM: "xterm", LANG: "en_US.UTF-8" };
  const terminal: CliProcess = { stdout: stream, stderr: stream, env, on: nobody, off: nobody, exit: nobody };
  process.chdir(folder);
  const code = await runProgram(["run", "orders.json"], terminal);
  if (code !== 0) throw new TypeError(`the run ended with ${code}: ${shown}`);
  return shown;
}

/** The lines of the picture: what stands at the end, with the bar as it was on the way. */
function linesOf(shown: string): string[] {
  const frames = shown.split(ERASE);
  const percentOf = (frame: string): number =>
    Number(/(?<share>\d+) %/.exec(stripVTControlCharacters(frame))?.groups?.["share"]);
  const bars = frames.filter((frame) => !frame.includes("\n") && percentOf(frame) > 0);
  const [bar = ""] = bars.toSorted(
    (a, b) => Math.abs(percentOf(a) - SHOWN_PERCENT) - Math.abs(percentOf(b) - SHOWN_PERCENT),
  );
  const head = (frames[0] ?? "").trimEnd();
  const summary = (frames.at(-1) ?? "").trimEnd();
  return ["$ npx millrace run orders.json", ...head.split("\n"), "", bar, "", ...summary.split("\n")];
}

function svg(lines: readonly string[]): string {
  const width = Math.ceil(COLUMNS * CELL.width + 2 * CELL.padding);
  const height = lines.length * CELL.height + 2 * CELL.padding;
  const texts = lines.map((line, index) => {
    const y = CELL.padding + (index + 0.75) * CELL.height;
    return `  <text x="${CELL.padding}" y="${y}" xml:space="preserve">${spans(line)}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    "  <title>millrace run: header, progress bar and summary</title>",
    `  <rect width="${width}" height="${height}" rx="8" fill="${BACKGROUND}"/>`,
    `  <g fill="${FOREGROUND}" font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${CELL.size}">`,
    ...texts,
    "  </g>",
    "</svg>",
    "",
  ].join("\n");
}

/** Escape sequences for colours become fills, the one for bold a weight. */
function spans(line: string): string {
  const [plain = "", ...painted] = line.split("\u001B[");
  return span(plain, "") + painted.map((part) => paintedSpan(part)).join("");
}

function paintedSpan(part: string): string {
  const { code = "", text = "" } = /^(?<code>\d+)m(?<text>.*)$/.exec(part)?.groups ?? {};
  if (code === "1") return span(text, ' font-weight="bold"');
  return span(text, code in COLORS ? ` fill="${COLORS[code] ?? ""}"` : "");
}

function span(text: string, style: string): string {
  return text === "" ? "" : `<tspan${style}>${escaped(text)}</tspan>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

const folder = mkdtempSync(path.join(os.tmpdir(), "millrace-picture-"));
try {
  writeFileSync(path.join(root, "docs/run.svg"), svg(linesOf(await record(folder))));
} finally {
  process.chdir(root);
  rmSync(folder, { recursive: true, force: true });
}
