/** A small disk, to be filled. */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { expect } from "vitest";
import type { Project } from "./project.ts";

/** A disk of its own at a folder of a project; undefined where this user may mount none. */
export class Disk implements Disposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static mount(project: Project, folder: string, size: string): Disk | undefined {
    mkdirSync(project.path(folder));
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", project.path(folder)]);
    return mounted.status === 0 ? new Disk(project.path(folder)) : undefined;
  }

  remount(options: string): void {
    const { status, stderr } = spawnSync("mount", ["-o", `remount,${options}`, this.#folder], { encoding: "utf8" });
    expect(status, stderr).toBe(0);
  }

  [Symbol.dispose](): void {
    spawnSync("umount", ["--lazy", this.#folder]);
  }
}
