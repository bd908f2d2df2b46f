/** Where alerts are posted to, with what must not be told kept apart. */
import { MillraceError } from "../../core/errors.ts";

/** An address, ready for `fetch`. */
export interface WebhookAddress {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** For people: the path and the query of such addresses are often the secret itself. */
  readonly label: string;
}

/**
 * Reads an address. `fetch` takes none with a user and a password in it, so they become a header.
 *
 * @throws MillraceError CONFIG_INVALID for anything but http and https
 */
export function webhookAddress(text: string): WebhookAddress {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol !== "http:" && url?.protocol !== "https:")
    throw new MillraceError("CONFIG_INVALID", "alerts.webhook: needs an address that begins with http:// or https://");
  const { username, password, origin } = url;
  url.username = "";
  url.password = "";
  const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return {
    url: url.href,
    headers: {
      "content-type": "application/json",
      "user-agent": "millrace",
      ...(user === ":" ? {} : { authorization: `Basic ${Buffer.from(user).toString("base64")}` }),
    },
    label: origin,
  };
}
