/** Options of a webhook as a job has them. */
import { z } from "zod";
import { webhookSourceShape, type WebhookSourceOptions } from "../../../../src/connectors/webhook/options.ts";

const shape = z.strictObject(webhookSourceShape);

/** With defaults for all that is not said. */
export function optionsOf(given: Partial<z.input<typeof shape>> = {}): WebhookSourceOptions {
  return shape.parse({ path: "/hooks/orders", ...given });
}
