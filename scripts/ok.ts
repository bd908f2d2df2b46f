/** `npm run ok`: the fast gate. */
import { checks, unitTests } from "./gate.ts";
import { runSteps } from "./steps.ts";

const failed = await runSteps([...checks, unitTests]);
if (failed.length > 0) {
  console.log(`\nnot ok: ${failed.join(", ")}`);
  process.exitCode = 1;
}
