/**
 * A replica that stands still for longer than its session, with a commit on its way: its partitions go to another one, the
 * commit misses when it arrives at last, and the replica goes on as a member.
 */
import { expect, test } from "vitest";
import { GroupLoad } from "../support/kafka/group-load.ts";
import { describeKafka, useKafka } from "../support/kafka/shared-broker.ts";
import { StepWatch } from "../support/postgres-steps.ts";
import { usePostgres } from "../support/postgres.ts";
import { Proxy } from "../support/proxy.ts";

const MESSAGES = 3_000;

const postgres = usePostgres();

describeKafka("a replica that was stopped past its session", () => {
  const kafka = useKafka();

  test("is fenced, writes nothing, and goes on as a member of the group", async () => {
    const { server } = postgres;
    await using proxy = await Proxy.listen(server.port);
    await using load = await GroupLoad.create({ brokers: kafka.brokers, server, partitions: 2 });
    await load.topic.send(MESSAGES);
    const zombie = load.start(load.replica(server.url().replace(`:${server.port}/`, `:${proxy.port}/`)));
    await zombie.owns(2);
    await load.drained(zombie);

    const stopped = Promise.withResolvers<void>();
    const watch = new StepWatch();
    proxy.judge = (bytes) => {
      if (watch.step(bytes) !== "the compare-and-set") return "pass";
      zombie.running.kill("SIGSTOP");
      proxy.judge = () => "pass";
      stopped.resolve();
      return "hold";
    };
    await load.topic.send(MESSAGES);
    await stopped.promise;

    const successor = load.start(load.replica());
    await successor.owns(2);
    await load.drained(successor);

    const answered = Promise.withResolvers<string>();
    proxy.judgeReply = (bytes) => {
      answered.resolve(bytes.toString("latin1"));
      return "pass";
    };
    proxy.release();
    expect(await answered.promise, "the step of its commit").toContain("UPDATE 0");
    zombie.running.kill("SIGCONT");
    await zombie.owns(1);
    await successor.owns(1);
    await load.topic.send(MESSAGES);
    await load.drained(successor);

    // It may hear from its group first, and then there is nothing to tell.
    const troubles = zombie.log.filter(({ msg }) => msg === "restarting" || msg === "retrying");
    expect(troubles.map(({ code }) => code)).toEqual(troubles.map(() => "FENCED"));
    for (const { error } of troubles) expect(error).toMatch(FENCED);
    for (const replica of [zombie, successor]) {
      expect((await replica.leave()).summary).toMatchObject({ state: "interrupted", balanced: true, error: null });
    }
    await load.assertExact(successor);
  });
});

const FENCED = /another process has taken it over, and nothing of this unit was written/;
