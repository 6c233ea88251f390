export { type Case } from './cases.ts'
export { renderReport, type ReportOptions } from './report.ts'
