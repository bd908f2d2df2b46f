/** The sources run as they stand but for what is compiled to WebAssembly: done here once it is missing or was changed. */
import { compileAssembly, isAssemblyStale } from "../../scripts/assembly.ts";

export function setup(): void {
  if (isAssemblyStale() && compileAssembly() !== 0) throw new Error("src/formats/csv/assembly does not compile");
}
