export { createDashboard, type Dashboard, type DashboardOptions } from './server/app.ts'
export type * from './server/ports.ts'
