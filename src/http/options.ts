/** What an HTTP client for transforms may be told. */
import { z } from "zod";
import { httpConnectionShape } from "../connectors/http/connection-options.ts";
import { MillraceError } from "../core/errors.ts";
import { bytesOption, countOption, durationOption, textOption } from "../core/option-shapes.ts";

const MEBIBYTE = 1024 * 1024;
const SECOND_MS = 1_000;

const httpShape = z
  .strictObject({
    name: textOption().default("http"),
    url: z.url({ protocol: /^https?$/ }).optional(),
    headers: z.record(textOption(), z.string()).default({}),
    ...httpConnectionShape,
    concurrency: countOption().default(100),
    maxBytes: bytesOption().default(16 * MEBIBYTE),
    retry: z
      .union([
        z.literal(false).transform(() => ({ for: 0, initialDelay: 0, maxDelay: 0 })),
        z.strictObject({
          for: durationOption().default(20 * SECOND_MS),
          initialDelay: durationOption().default(200),
          maxDelay: durationOption().default(5 * SECOND_MS),
        }),
      ])
      .prefault({}),
  })
  .refine(({ auth, url }) => auth === undefined || url !== undefined, {
    path: ["auth"],
    message: "needs `url`: credentials go to that server and to no other",
  });

/** The options with their defaults. */
export type CheckedHttpOptions = z.output<typeof httpShape>;

type Connection = z.input<z.ZodObject<typeof httpConnectionShape>>;

/** A time: milliseconds, or text such as `10s`. */
export type Time = number | string;

/** How {@link createHttp} is called. Everything but `url` is optional, and that too where calls give whole addresses. */
export interface HttpOptions {
  /** The address that those of calls are parts of, such as `https://api.example.com/v2`; nothing else is called then. */
  readonly url?: string;
  /** Of every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Proof of who is calling: basic, bearer, apiKey, or oauth2 (client credentials, fetched and renewed by itself). */
  readonly auth?: Connection["auth"];
  /** Requests under way at once; 100 by default. Calls beyond that wait, and their times do not run yet. */
  readonly concurrency?: number;
  /** Requests in a time, such as `{ requests: 50, per: "1s" }`; of this client, and threads have one each. */
  readonly rateLimit?: Connection["rateLimit"];
  /** One time for each phase of a request, or a time each; 10 s to connect and 30 s for the others by default. */
  readonly timeout?: Connection["timeout"];
  /** How long a call that fails in a way that may pass is tried again: 20 s in all by default; false: never. */
  readonly retry?: false | { readonly for?: Time; readonly initialDelay?: Time; readonly maxDelay?: Time };
  /** The longest answer, inflated; 16 MiB by default. */
  readonly maxBytes?: number | string;
  /** Redirects that are followed; 5 by default. */
  readonly redirects?: number;
  /** Certificates as PEM text or as paths. */
  readonly tls?: Connection["tls"];
  /** Address of a proxy; false: none, whatever the environment says. */
  readonly proxy?: Connection["proxy"];
  /** What messages call this client; `http` by default. */
  readonly name?: string;
}

/** @throws MillraceError CONFIG_INVALID naming the option and what is allowed */
export function checkHttpOptions(options: HttpOptions): CheckedHttpOptions {
  const result = httpShape.safeParse(options);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place = issue === undefined || issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
  throw new MillraceError("CONFIG_INVALID", `createHttp: ${place}${issue?.message ?? "the options are not valid"}`);
}
