/** Whether this is a run of CI: what it cannot test fails there, elsewhere it is skipped. */

/** By the variable that CI services set. */
export function isCi(): boolean {
  const value = process.env["CI"];
  return value !== undefined && value !== "" && value !== "false";
}
