export {
  createDashboard,
  createPlantDashboard,
  type Dashboard,
  type DashboardOptions,
  type PlantDashboardOptions,
} from './server/app.ts'
export type * from './server/account-ports.ts'
export { dataDirToken } from './server/accounts/session.ts'
export type * from './server/plant-ports.ts'
export { MAX_FACTS } from './server/schemas/genealogy.schema.ts'
export { analyse, causesCsv } from './server/analysis.ts'
export { renderImage } from './server/images/render.ts'
export type {
  ChallengeState,
  FirstArticleState,
  EscapeEstimate,
  EscapeEstimates,
  RegisteredModel,
  ShownTeachRun,
  TeachEstimateAnswer,
  TeachPicture,
} from './server/life-ports.ts'
export type * from './server/ports.ts'
