import { expect, test } from "vitest";
import { jobText } from "../../../src/cli/init/project-texts.ts";
import { parseTarget } from "../../../src/cli/init/target.ts";
import { inferSource } from "../../../src/cli/init/infer.ts";
import { namesFor } from "../../../src/cli/init/project-name.ts";
import { Project } from "../../support/project.ts";

test.each([
  ["https://etl:s3cret@api.test/v2/orders?key=s3cret#x", { type: "http", url: "https://api.test/v2/orders" }],
  ["postgres://etl:s3cret@db/shop/orders", { type: "postgres", table: "orders", database: "postgres://db/shop" }],
  ["out/orders.csv", { type: "file", path: "../out/orders.csv" }],
])("--to %s is a target without secrets", (to, target) => {
  expect(parseTarget(to, "jobs")).toEqual(target);
});

test.each(["ftp://host/orders.csv", "orders.xlsx", "https://"])(
  "--to %s is refused with what may stand there",
  (to) => {
    expect(() => parseTarget(to, ".")).toThrow(
      "--to takes postgres://host/database/table, https://host/path, or a file that ends in .csv or .jsonl",
    );
  },
);

test("a job that init writes for an API sends a request for each record", async () => {
  using project = new Project();
  const file = project.path(project.write("orders.csv", "id,total\n1,12.50\n"));
  const source = await inferSource(file);
  const target = parseTarget("https://api.test/orders", project.folder);
  const text = jobText({ source, dataPath: "orders.csv", names: namesFor(file), target });
  expect(text).toContain('sink: { type: http, url: "https://api.test/orders" }');
  expect(text).toContain("rejects: { type: file, path: out/orders.rejects.jsonl }");
});
