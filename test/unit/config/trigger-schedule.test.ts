import { describe, expect, test } from "vitest";
import { faultOf, minimal, readYaml } from "./support.ts";

const cron = (schedule: string): string =>
  `${minimal}trigger:\n  type: cron\n  schedule: ${JSON.stringify(schedule)}\n`;

describe("trigger.schedule", () => {
  test("is refused where it stands, with the column of the mistake in it", () => {
    const { code, lines } = faultOf(() => readYaml(cron("0 25 * * *")));
    expect(code).toBe("CONFIG_INVALID");
    expect(lines).toEqual([
      'orders.yaml:6:13: trigger.schedule: expected a cron expression (column 3: hour: allowed are 0-23), got "0 25 * * *"',
    ]);
  });

  test("is refused when it would never fire", () =>
    expect(faultOf(() => readYaml(cron("0 0 31 2 *"))).lines).toEqual([
      'orders.yaml:6:13: trigger.schedule: expected a cron expression (column 5: day of month: no such day comes in these months, so the schedule would never fire), got "0 0 31 2 *"',
    ]));

  test("shows nothing of a variable's value", () => {
    const { lines } = faultOf(() => readYaml(cron("${WHEN}"), { environment: { WHEN: "s3cret" } }));
    expect(lines).toEqual([
      "orders.yaml:6:13: trigger.schedule: expected a cron expression (column 7: 1 field; a schedule is minute, hour, day of month, month, day of week, with seconds before them if wanted), got the value of ${WHEN}",
    ]);
  });

  test("may wait for a parameter, and is held against the rules once it is there", () => {
    expect(readYaml(cron("${param.when}")).trigger).toMatchObject({ schedule: "${param.when}" });
    const { lines } = faultOf(() => readYaml(cron("${param.when}"), { params: { when: "@never" } }));
    expect(lines[0]).toContain("column 1: allowed are @yearly");
  });
});
