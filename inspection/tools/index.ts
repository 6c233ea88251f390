export { completeFindings } from './complete.ts'
export { prepareTool } from './registry.ts'
export type { PreparedTool, RawFinding, Tool, ToolInput, ToolResult, ToolSetup } from './tool.ts'
