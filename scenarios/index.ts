export type { Action, ActionState } from './kit/actions.ts'
export type { Alert } from './kit/alerts.ts'
export { pareto } from './kernels/pareto.ts'
export { dbscan } from './kernels/stats/dbscan.ts'
export { clopperPearson } from './kernels/stats/intervals.ts'
export {
  benjaminiHochberg,
  chiSquare,
  cramersV,
  fisherExact,
  oddsRatio,
  riskRatio,
  type Table2,
} from './kernels/stats/tests.ts'
export { type StratifiedShare, stratifiedShare, type Stratum } from './kernels/stats/stratified.ts'
export { ksTwoSample, populationStability, stabilityLimit } from './kernels/stats/two-samples.ts'
export { parseCsv, parseCsvText } from './kit/csv.ts'
export type { ModuleManifest, ScenarioModule } from './kit/contract.ts'
export type { ModuleStatus } from './kit/health.ts'
export { ModuleHost, type HostOptions, type Registry } from './kit/host.ts'
export { JobRunner } from './kit/job-runner.ts'
export { httpRoutes } from './kit/http-routes.ts'
export { empty, endpoint } from './kit/http.ts'
export type { HttpRequest, HttpResponse, HttpRoute } from './kit/http.ts'
export { PANEL_DATA, type Panel, type PanelKind, type View } from './kit/view.ts'
export { checkModules, createModuleHost } from './module-host.ts'
export { MODULES } from './registry.ts'
