import { imageUri, schemaUri } from '../store/inspection-event.ts'

export type Row = Record<string, string | number | null | Uint8Array>

const text = JSON.stringify

/**
 * Whether the columns of an event row are what its text says, told without parsing: canonical JSON has one form, so that
 * its end can be written from the columns and compared. False says only that somebody has to look closer.
 */
export function columnsMatch(row: Row, json: string): boolean {
  const type = String(row['type'])
  return json.endsWith(
    `,"datacontenttype":"application/json","dataschema":${text(schemaUri(type))},"id":${text(row['id'])},` +
      `"partitionkey":${text(row['partitionkey'])},"sequence":"${String(row['sequence']).padStart(20, '0')}",` +
      `"source":${text(row['source'])},"specversion":"1.0","subject":${text(row['subject'])},` +
      `"time":${text(row['time'])},"type":${text(type)}}`,
  )
}

/**
 * The same of an inspection: its columns and its image row, and the stored capture by its hash, are those of its event.
 * A quote inside a string is escaped, so that a piece with quotes is found only where it stands as a member.
 *
 * @param row columns of `inspection`
 * @param recordSha256 of the stored capture
 * @param views rows of `inspection_image`
 */
export function inspectionMatches(
  row: Row,
  json: string,
  recordSha256: string,
  views: readonly Row[],
): boolean {
  const t = (name: string): string => text(row[name] ?? null)
  const recipe = String(row['recipe'])
  const at = recipe.lastIndexOf('@')
  const order = row['work_order'] === null ? '' : `,"workOrder":${t('work_order')}`
  const images = views.map(
    (v) =>
      `{"height":${text(v['height_px'])},"sha256":${text(v['sha256'])},"uri":${text(imageUri(String(v['sha256'])))},` +
      `"view":${text(v['view'])},"width":${text(v['width_px'])}}`,
  )
  const pieces = [
    `"unit":${t('unit')}},"image":{`,
    `"views":[${images.join(',')}]},"inspectionId":${t('inspection_id')},"measurements":[`,
    `"place":{"equipment":${t('station')},"line":${t('line')},"plant":${t('plant')},"station":${t('station')}},"process":{`,
    `"endedAt":${t('ended_at')},"materials":[`,
    `"recipe":${text(at < 0 ? recipe : recipe.slice(0, at))},"recipeVersion":${text(at < 0 ? '' : recipe.slice(at + 1))},` +
      `"shift":${t('shift')},"startedAt":${t('started_at')}},"recordSha256":"${recordSha256}",` +
      `"runType":${t('run_type')},"simulated":`,
    `"deadlineMs":${t('budget_ms')},"inferMs":`,
    `"totalMs":${t('total_ms')},"transferMs":`,
    `"trigger":${t('trigger_number')},"unit":{"identifiedBy":${t('identified_by')},"lot":${text(row['lot'] ?? '')},` +
      `"product":${t('product')},"revision":${t('revision')},"reworkCount":`,
    `"serial":${t('serial')}${order}},"verdict":{"decidedBy":"auto","disposition":${t('disposition')},` +
      `"noVerdict":${t('no_verdict')},"pDefect":`,
    `"result":${t('result')},"rules":[`,
  ]
  // In their order, so that each is looked for behind the one before it.
  let from = 0
  for (const piece of pieces) {
    const found = json.indexOf(piece, from)
    if (found < 0) return false
    from = found + piece.length - 1
  }
  return true
}

/** Whether the event says that the part has none of them. */
export const hasNone = (json: string, member: 'defects' | 'measurements'): boolean =>
  member === 'defects'
    ? json.startsWith('{"data":{"defects":[],')
    : json.includes('"measurements":[],"models":[')
