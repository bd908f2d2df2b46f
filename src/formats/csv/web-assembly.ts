/** The part of WebAssembly that is used here; Node's types lack it. */

/** A number that a module exports. */
export interface ExportedNumber {
  readonly value: number;
}

/** Its memory. */
export interface ExportedMemory {
  readonly buffer: ArrayBuffer;
}

interface Engine {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

/**
 * What a module without imports exports.
 *
 * @returns null where the process has no WebAssembly (`--jitless`), or none that knows the module's instructions
 */
export function instantiated(bytes: Uint8Array): unknown {
  const { WebAssembly } = globalThis as { readonly WebAssembly?: Engine };
  if (WebAssembly === undefined) return null;
  try {
    return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
  } catch {
    return null;
  }
}
