/** A job as it was written, before variables: what a run fills its own parameters and slot into. */
import type { Places } from "./place.ts";

/** Kept with every job, since one job runs many times with other parameters and slots. */
export interface JobDefinition {
  /** The config's plain values. */
  readonly config: unknown;
  /** Its name in messages: the file as the user spelled it, or `defineJob`. */
  readonly label: string;
  /** The file it was read from; absolute. */
  readonly file?: string;
  /** The folder that relative paths start from; absolute. */
  readonly baseDir: string;
  /** Whether a program chose `baseDir` itself; else the folder of the file that the job is found in takes its place. */
  readonly baseDirGiven?: boolean;
  readonly places: Places;
}
