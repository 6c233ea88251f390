import { chooseModules, ModuleHost, type HostOptions } from './kit/host.ts'
import { MODULES } from './registry.ts'

/** As `createModuleHost`, but only checks. @throws CFG_UNKNOWN_REFERENCE, CFG_INVALID */
export function checkModules(modules: HostOptions['modules']): void {
  chooseModules(modules, { modules: MODULES, url: new URL(import.meta.url) })
}

/**
 * Opens the modules a line file names. Call `start()` to follow the log, `close()` at the end.
 *
 * @throws CFG_UNKNOWN_REFERENCE for a module that does not exist; CFG_INVALID for wrong parameters
 */
export function createModuleHost(options: HostOptions): ModuleHost {
  const file = import.meta.url.endsWith('.ts') ? './registry.ts' : './registry.js'
  return new ModuleHost(options, { modules: MODULES, url: new URL(file, import.meta.url) })
}
