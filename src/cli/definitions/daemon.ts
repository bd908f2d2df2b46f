/** `millrace daemon`. */
import type { AddCommand } from "./add-command.ts";

const EXAMPLES = `
Examples:
  millrace daemon                          the jobs of config/millrace.yaml
  millrace daemon /etc/millrace.yaml
  kill -HUP <pid>                          read the files again
  kill -TERM <pid>                         finish what is under way and end`;

export const addDaemon: AddCommand = (program, process, end) => {
  program
    .command("daemon [config]")
    .description("run the jobs of a runtime file by their triggers until SIGTERM")
    .addHelpText("after", EXAMPLES)
    .action(async (config: string | undefined) => {
      const { daemonCommand } = await import("../commands/daemon.ts");
      end(await daemonCommand(config, process));
    });
};
