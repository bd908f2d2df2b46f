/** `millrace schedule`. */
import type { ScheduleFlags } from "../commands/schedule.ts";
import type { AddCommand } from "./add-command.ts";
import { jsonOption } from "./shared-options.ts";

const EXAMPLES = `
Examples:
  millrace schedule "0 2 * * *" --timezone Europe/Berlin
  millrace schedule "*/15 8-18 * * mon-fri" --count 50
  millrace schedule "30 2 * * *" --timezone America/New_York --from 2026-03-07   around a change of the clocks
  millrace schedule @daily --json | jq '.[0]'`;

export const addSchedule: AddCommand = (program, process, end) => {
  program
    .command("schedule")
    .argument("<cron>", "a cron expression, in quotes")
    .description("print when a cron expression fires next, and what changes of the clocks do to it")
    .option("--timezone <zone>", "the zone in which it is meant, such as Europe/Berlin (default: UTC)")
    .option("--from <time>", "fires after this time, ISO 8601, local where it has no offset (default: now)")
    .option("--count <n>", "so many (default: 10)")
    .addOption(jsonOption("the instants as a JSON array"))
    .addHelpText("after", EXAMPLES)
    .action(async (expression: string, flags: ScheduleFlags) => {
      const { scheduleCommand } = await import("../commands/schedule.ts");
      end(scheduleCommand(expression, flags, process));
    });
};
