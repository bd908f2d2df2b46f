/** `millrace state` and the commands below it. */
import type { Command } from "commander";
import type { StateForgetFlags } from "../commands/state/forget.ts";
import type { StateRewindFlags } from "../commands/state/rewind.ts";
import type { StateShowFlags } from "../commands/state/show.ts";
import type { JobFlags } from "../named-job.ts";
import type { AddCommand } from "./add-command.ts";
import { jsonOption, paramOption, stateOption } from "./shared-options.ts";

const EXAMPLES = `
Examples:
  millrace state show config/orders.yaml
  millrace state rewind config/orders.yaml --split data/orders-2.csv --to 10000
  millrace state forget config/orders.yaml
  millrace state ddl config/orders.yaml | psql -h db -U owner shop`;

/** Adds a command below `state`, with the options that all of them have. */
type AddBelow = (usage: string, description: string) => Command;
type AddStateCommand = (add: AddBelow, ...rest: Parameters<AddCommand> extends [Command, ...infer Rest] ? Rest : never) => void;
