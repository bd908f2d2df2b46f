/** A contender: kafkajs alone reading, and nothing done with the messages. Arguments: brokers, topic. Prints how many there were. */
import { kafkaOf, readToEnd } from "./kafkajs-to-end.ts";
import { reportMemory } from "./report-memory.ts";

const [, , brokers = "", topic = ""] = process.argv;
let messages = 0;
await readToEnd(kafkaOf(brokers), topic, async (batch) => {
  messages += batch.messages.length;
});
console.log(messages);
reportMemory();
