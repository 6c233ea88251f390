export const EXPORTS = ['inspections', 'defects', 'measurements', 'events'] as const
export type ExportKind = (typeof EXPORTS)[number]

export type ColumnType = 'text' | 'int' | 'real' | 'time'

/** One column of an export: its name, and where its value comes from. */
export interface ExportColumn {
  name: string
  type: ColumnType
  sql: string
}

const column =
  (type: ColumnType) =>
  (name: string, sql: string): ExportColumn => ({ name, type, sql })
const [text, int, real, time] = (['text', 'int', 'real', 'time'] as const).map(column) as [
  ReturnType<typeof column>,
  ReturnType<typeof column>,
  ReturnType<typeof column>,
  ReturnType<typeof column>,
]

/** What tells the rows of one part from another, in every table but that of the events. */
const PART = [
  int('position', 'i.position'),
  text('inspectionId', 'i.inspection_id'),
  time('startedAt', 'i.started_at'),
  text('station', 'i.station'),
  text('serial', 'i.serial'),
  text('product', 'i.product'),
  text('lot', 'i.lot'),
  text('recipe', 'i.recipe'),
]

export const COLUMNS: Record<ExportKind, readonly ExportColumn[]> = {
  inspections: [
    ...PART,
    time('endedAt', 'i.ended_at'),
    text('plant', 'i.plant'),
    text('line', 'i.line'),
    int('trigger', 'i.trigger_number'),
    int('attempt', 'i.attempt'),
    text('runType', 'i.run_type'),
    text('unit', 'i.unit'),
    text('identifiedBy', 'i.identified_by'),
    text('revision', 'i.revision'),
    text('workOrder', 'i.work_order'),
    text('shift', 'i.shift'),
    text('result', 'i.result'),
    text('disposition', 'i.disposition'),
    text('severity', 'i.severity'),
    text('noVerdict', 'i.no_verdict'),
    text('noVerdictCode', 'i.no_verdict_code'),
    real('totalMs', 'i.total_ms'),
    real('budgetMs', 'i.budget_ms'),
    int('defects', '(select count(*) from defect d where d.position = i.position)'),
    text('imageSha256', '(select min(v.sha256) from inspection_image v where v.position = i.position)'),
  ],
  defects: [
    ...PART,
    int('n', 'd.n'),
    text('finding', 'd.finding'),
    text('class', 'd.class'),
    text('severity', 'd.severity'),
    real('score', 'd.score'),
    real('x1Px', 'd.x1'),
    real('y1Px', 'd.y1'),
    real('x2Px', 'd.x2'),
    real('y2Px', 'd.y2'),
    real('areaPx', 'd.area_px'),
    real('areaMm2', 'd.area_mm2'),
    real('lengthMm', 'd.length_mm'),
    real('partXMm', 'd.part_x_mm'),
    real('partYMm', 'd.part_y_mm'),
    text('roi', 'd.roi'),
  ],
  measurements: [
    ...PART,
    int('n', 'd.n'),
    text('characteristic', 'd.characteristic'),
    text('tool', 'd.tool'),
    real('value', 'd.value'),
    text('unitOfMeasure', 'd.unit'),
    real('lsl', 'd.lsl'),
    real('usl', 'd.usl'),
    real('target', 'd.target'),
    real('uncertainty', 'd.uncertainty'),
  ],
  events: [
    int('position', 'e.position'),
    text('id', 'e.id'),
    text('source', 'e.source'),
    int('sequence', 'e.sequence'),
    text('type', 'e.type'),
    text('subject', 'e.subject'),
    time('time', 'e.time'),
    text('json', 'e.json'),
  ],
}
