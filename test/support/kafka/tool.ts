/** Kafka's own command line tools, to check against somebody who cannot share our mistakes. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { failed } from "./failed.ts";
import { installKafka } from "./jars.ts";
import { javaArguments, javaCommand } from "./java.ts";

/**
 * Runs a tool and gives back what it wrote; a second or two.
 *
 * @param tool a class below `org.apache.kafka.tools`
 * @param input what it reads
 * @throws MillraceError INVARIANT when it fails
 * @example
 * await runKafkaTool("consumer.ConsoleConsumer", ["--bootstrap-server", address, "--topic", topic, "--from-beginning"]);
 */
export async function runKafkaTool(tool: string, args: readonly string[], input = ""): Promise<string> {
  const java = javaArguments(await installKafka());
  const child = spawn(javaCommand(), [...java, `org.apache.kafka.tools.${tool}`, ...args]);
  child.stdin.end(input);
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  if (code !== 0) throw failed(tool, `${output}\n${errors}`);
  return output;
}
