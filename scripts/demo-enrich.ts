/**
 * `npm run demo:enrich`: ten thousand ids from a file, each of them looked up in an API of its own by config/enrich-users.yaml, a
 * hundred requests under way; then what became of each. The API is gone when it ends, however it ends.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { EXIT } from "../src/cli/exit-codes.ts";
import { listenForSignals } from "../src/cli/signals.ts";
import { wantsColor } from "../src/cli/terminal.ts";
import { textTable } from "../src/cli/text-table.ts";
import { systemClock } from "../src/core/clock.ts";
import { loadJob, MillraceError, type Observer, runJob, type RunSummary } from "../src/index.ts";
import { formatCount } from "../src/observability/figures.ts";
import { painter } from "../src/observability/palette.ts";
import { progressBar } from "../src/observability/progress-bar.ts";
import { renderHeader } from "../src/observability/run-header.ts";
import { renderSummary } from "../src/observability/summary.ts";
import { root } from "./steps.ts";
import { ANSWER_MS, UserServer } from "./user-server.ts";

const USERS = 10_000;
const IDS = path.join(root, ".cache/demo/user-ids.csv");
const FOLDER = path.join(root, ".cache/demo/enrich");
const DEFAULT_COLUMNS = 100;

const color = wantsColor(process.stdout, process.env);
const paint = painter(color);

async function demo(signals: ReturnType<typeof listenForSignals>): Promise<boolean> {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  const ids = Array.from({ length: USERS }, (_, index) => index + 1);
  writeFileSync(IDS, `id\n${ids.join("\n")}\n`);
  await using api = await UserServer.start();
  // The threads read the address from the environment, as they would from a secret.
  process.env["USERS_URL"] = api.url;
  const alone = formatCount((USERS * ANSWER_MS) / 1_000);
  console.log(`an API at ${api.url} takes ${ANSWER_MS} ms for a user: ${alone} s for all of them, one after another\n`);
  const summary = await run(signals);
  if (summary.state !== "succeeded") return false;
  const { requests, connections, mostAtOnce } = api.seen;
  const asked = `${formatCount(requests)} requests over ${formatCount(connections)} connections`;
  console.log(`\n  the API answered ${asked}, at most ${mostAtOnce} at once\n\n${reasons()}\n`);
  return judge(summary);
}

async function run({ graceful, kill }: ReturnType<typeof listenForSignals>): Promise<RunSummary> {
  const environment = { ...process.env, USER_IDS: IDS, OUT: FOLDER };
  const job = await loadJob(path.join(root, "config/enrich-users.yaml"), { environment });
  using bar = progressBar(process.stdout, systemClock, { color });
  const header: Observer = (event) => {
    if (event.kind === "run-started") bar.write(`${renderHeader(event, paint)}\n\n`);
  };
  const state = path.join(FOLDER, "state.db");
  const summary = await runJob(job, { observers: [header, bar], signal: graceful, kill, state });
  bar[Symbol.dispose]();
  console.log(renderSummary(summary, { color, width: process.stdout.columns || DEFAULT_COLUMNS }));
  return summary;
}

interface KeptReject {
  readonly message: string;
  readonly raw: string;
}

function linesOf<T>(file: string): T[] {
  const lines = readFileSync(path.join(FOLDER, file), "utf8").trimEnd().split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as T);
}

/** Why users are missing: the reasons that the transform's handler gave, with one id of each. */
function reasons(): string {
  const byReason = Map.groupBy(linesOf<KeptReject>("users.rejects.jsonl"), ({ message }) => message);
  const cells = [...byReason].map(([reason, rejects]) => [
    formatCount(rejects.length),
    rejects[0]?.raw.trim() ?? "",
    reason,
  ]);
  return textTable(["rejects", "such as", "because"], cells, { indent: "  " });
}

/** Whether each id has become one user or one reject, but for those that the handler left out. */
function judge({ written, filtered, rejected, balanced }: RunSummary): boolean {
  const found = [
    ...linesOf<{ readonly id: number }>("users.jsonl").map(({ id }) => id),
    ...linesOf<KeptReject>("users.rejects.jsonl").map(({ raw }) => Number(raw)),
  ];
  const isExact = balanced && found.length === written + rejected && new Set(found).size === USERS - filtered;
  const verdict = isExact ? paint("good", "every user once") : paint("bad", "NOT EVERY USER ONCE");
  console.log(
    `  ${verdict}: ${formatCount(written)} found, ${formatCount(filtered)} left out, ${formatCount(rejected)} rejected`,
  );
  console.log("\nnext: edit config/enrich-users.ts and run it again · docs/http.md says what millrace/http does");
  return isExact;
}

async function main(): Promise<number> {
  using signals = listenForSignals(process, (line) => console.error(line));
  try {
    return (await demo(signals)) ? EXIT.done : EXIT.failed;
  } catch (thrown) {
    const error = MillraceError.from(thrown);
    console.error(`error: ${error.message} (${error.code})`);
    return EXIT.failed;
  }
}

process.exitCode = await main();
