import type { ScenarioModule } from './kit/contract.ts'
import { lean } from './lean/module.ts'

/** Every scenario module of the product; the job worker reads the same list. */
export const MODULES: readonly ScenarioModule[] = [lean]
