export { createDashboard, type Dashboard, type DashboardOptions } from './server/app.ts'
export { analyse, causesCsv } from './server/analysis.ts'
export { renderImage } from './server/images/render.ts'
export type {
  EscapeEstimate,
  EscapeEstimates,
  RegisteredModel,
  ShownTeachRun,
  TeachEstimateAnswer,
} from './server/life-ports.ts'
export type * from './server/ports.ts'
