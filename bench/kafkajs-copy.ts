/** A contender: kafkajs copying a topic batch by batch, without any promise. Arguments: brokers, topic, the other topic. */
import { kafkaOf, readToEnd } from "./kafkajs-to-end.ts";
import { reportMemory } from "./report-memory.ts";

const [, , brokers = "", from = "", to = ""] = process.argv;
const kafka = kafkaOf(brokers);
const producer = kafka.producer({ allowAutoTopicCreation: false });
await producer.connect();
await readToEnd(kafka, from, async ({ messages }) => {
  await producer.send({ topic: to, messages: messages.map(({ key, value }) => ({ key, value })) });
});
await producer.disconnect();
reportMemory();
