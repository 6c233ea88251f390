import { readFileSync } from 'node:fs'

/** The part that is used here; TypeScript has it only among the types of a browser. */
declare const WebAssembly: {
  Module: new (code: Uint8Array) => object
  Instance: new (code: object) => { exports: unknown }
}

/**
 * Starts a module of this folder, on this thread. A build has its own JavaScript and reads the modules of the sources,
 * as it does the model packages.
 *
 * @returns its exports, of the type that the caller knows
 */
export function openWasm(file: string): unknown {
  const here = import.meta.url.endsWith('.ts') ? './' : '../../../inspection/kernels/'
  const code = readFileSync(new URL(here + file, import.meta.url))
  return new WebAssembly.Instance(new WebAssembly.Module(code)).exports
}
