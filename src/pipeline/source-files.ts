/** The files of a job's source as whoever waits for them sees them: which paths name them, and how those are listed. */
import type { Job } from "../config/job.ts";

/** What there is to be watched. */
export interface SourceFiles {
  /** Paths, globs and folders as the job spells them. */
  readonly patterns: readonly string[];
  /** The folder that they start from; absolute. */
  readonly baseDir: string;
  /**
   * Absolute paths of the files that one of the patterns names, as the source would read them.
   *
   * @throws MillraceError SOURCE_NOT_FOUND when there are none; SOURCE_FAILED for what may not be read
   */
  list(pattern: string): Promise<readonly string[]>;
}

/** The files of a file source; null for any other. */
export function sourceFiles({ source, baseDir }: Pick<Job, "source" | "baseDir">): SourceFiles | null {
  if (source.type !== "file") return null;
  return {
    patterns: typeof source.path === "string" ? [source.path] : source.path,
    baseDir,
    async list(pattern) {
      const { locateFiles } = await import("../connectors/file/locate.ts");
      const found = await locateFiles([pattern], baseDir);
      return found.map((file) => file.path);
    },
  };
}
