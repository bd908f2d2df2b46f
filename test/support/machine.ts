/** The scanner in WebAssembly, with windows so small that tests pass their borders often. */
import { makeScanMachine, type ScanMachine } from "../../src/formats/csv/scan-machine.ts";

/** @throws where it is not compiled, or cannot run here */
export function testMachine(windowBytes?: number): ScanMachine {
  const machine = makeScanMachine(windowBytes);
  if (machine === null) throw new TypeError("src/formats/csv/assembly is not compiled: npm run build");
  return machine;
}
