export { COLUMNS as EXPORT_COLUMNS, EXPORTS, type ExportKind } from './columns.ts'
export { csvRow } from './csv.ts'
export { type ExportAsk, type ExportPage, exportPage } from './export-page.ts'
export { EXPORT_FORMATS, type ExportFormat, type ExportOptions, exportStream } from './export-stream.ts'
