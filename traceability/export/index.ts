export { EXPORTS } from './columns.ts'
export { csvRow, csvText } from './csv.ts'
export type { ExportAsk, ExportPage } from './export-page.ts'
export { EXPORT_FORMATS, type ExportOptions, exportStream } from './export-stream.ts'
