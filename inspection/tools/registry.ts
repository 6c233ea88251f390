import type { ToolSpec } from '../../contracts/index.ts'
import { blob } from './blob.ts'
import { code } from './code.ts'
import { measure } from './measure.ts'
import { model } from './model.ts'
import { register } from './register.ts'
import { template } from './template.ts'
import { text } from './text.ts'
import type { PreparedTool, Tool, ToolSetup } from './tool.ts'

/** Every tool by name and version. Old versions stay, so that old recipes replay exactly. */
const TOOLS: { readonly [U in ToolSpec['use']]: Tool<U> } = {
  'register@1': register,
  'template@1': template,
  'model@1': model,
  'blob@1': blob,
  'measure@1': measure,
  'code@1': code,
  'text@1': text,
}

/** @throws CodedError when the tool cannot be prepared as the recipe asks */
export async function prepareTool(spec: ToolSpec, setup: ToolSetup): Promise<PreparedTool> {
  // The registry pairs each `use` with its own tool; the union hides that from the compiler.
  return (TOOLS[spec.use] as Tool<ToolSpec['use']>).prepare(spec, setup)
}
