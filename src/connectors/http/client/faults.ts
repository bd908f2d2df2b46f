/** The errors of one side: the same fault of an exchange is the source's or the sink's. */
import { MillraceError, type MillraceErrorOptions } from "../../../core/errors.ts";

/** Whose requests they are. */
export type Side = "source" | "sink";

/** Makes errors with the codes of a side, and with its key path before their messages. */
export class Faults {
  readonly side: Side;
  /** Key path of the source or sink, such as `sinks.crm`. */
  readonly name: string;

  constructor(side: Side, name: string) {
    this.side = side;
    this.name = name;
  }

  /** May pass by itself. @param key the option that it is about, such as `timeout.headers` */
  passing(key: string, message: string, options?: MillraceErrorOptions): MillraceError {
    const code = this.side === "source" ? "SOURCE_UNAVAILABLE" : "SINK_UNAVAILABLE";
    return new MillraceError(code, `${this.name}.${key}: ${message}`, options);
  }

  /** Stays until somebody changes something. */
  lasting(key: string, message: string, options?: MillraceErrorOptions): MillraceError {
    const code = this.side === "source" ? "SOURCE_FAILED" : "SINK_REFUSED";
    return new MillraceError(code, `${this.name}.${key}: ${message}`, options);
  }

  /** The config cannot mean what it says. */
  unusable(key: string, message: string): MillraceError {
    return new MillraceError("CONFIG_INVALID", `${this.name}.${key}: ${message}`);
  }
}
