/** A config as it was written, before variables: what values are filled into, a job's again at each of its runs. */
import type { Places } from "./place.ts";

/** Plain values with what messages and relative paths need to know of their file. */
export interface WrittenConfig {
  readonly config: unknown;
  /** Its name in messages: the file as the user spelled it, or `defineJob`. */
  readonly label: string;
  /** The folder that relative paths start from; absolute. */
  readonly baseDir: string;
  readonly places: Places;
}

/** Kept with every job, since one job runs many times with other parameters and slots. */
export interface JobDefinition extends WrittenConfig {
  /** The file it was read from; absolute. */
  readonly file?: string;
  /** Whether a program chose `baseDir` itself; else the folder of the file that the job is found in takes its place. */
  readonly baseDirGiven?: boolean;
}
