export { createDashboard, type Dashboard, type DashboardOptions } from './server/app.ts'
export { renderImage } from './server/images/render.ts'
export type {
  EscapeEstimate,
  EscapeEstimates,
  RegisteredModel,
  ShownTeachRun,
  TeachEstimateAnswer,
  TeachPicture,
} from './server/life-ports.ts'
export type * from './server/ports.ts'
