import {
  CodedError,
  DISPOSITIONS,
  type InspectionCompleted,
  NO_VERDICT_REASONS,
  type QEvent,
  SEVERITIES,
  VERDICTS,
} from '../../contracts/index.ts'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
const SHA256 = /^[0-9a-f]{64}$/

/**
 * What can be wrong in an inspection event that this program built from a typed request: values from outside, as the
 * schema of the event would find them at ten times the cost. NaN and lone surrogates are refused by the canonical JSON.
 * Records read back from a file are checked by the whole schema instead.
 *
 * @throws EVT_SCHEMA naming the path of the first fault
 */
export function checkInspection(event: Omit<QEvent<InspectionCompleted>, 'sequence'>): void {
  const { data } = event
  const { unit, place, process, image, verdict, timing } = data
  const need = (ok: boolean, path: string, value: unknown): void => {
    if (!ok)
      throw new CodedError('EVT_SCHEMA', {
        path,
        actual: typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : String(value),
        hint: `event ${event.type} ${event.id}`,
      })
  }
  const text = (path: string, value: unknown): void => need(typeof value === 'string', path, value)
  const number = (path: string, value: unknown): void => need(Number.isFinite(value), path, value)
  const whole = (path: string, value: unknown): void => need(Number.isSafeInteger(value), path, value)
  const time = (path: string, value: string): void =>
    need(TIME.test(value) && !Number.isNaN(Date.parse(value)), path, value)
  const one = (path: string, of: readonly string[], value: string): void =>
    need(of.includes(value), path, value)

  need(UUID.test(event.id), 'id', event.id)
  time('time', event.time)
  text('data.unit.serial', unit.serial)
  text('data.unit.product', unit.product)
  text('data.unit.revision', unit.revision)
  text('data.unit.lot', unit.lot)
  if (data.genealogy !== undefined) {
    text('data.genealogy.unit', data.genealogy.unit)
    if (data.genealogy.product !== undefined) text('data.genealogy.product', data.genealogy.product)
    for (const { lot, supplier } of data.genealogy.lots) {
      text('data.genealogy.lots.lot', lot)
      if (supplier !== undefined) text('data.genealogy.lots.supplier', supplier)
    }
  }
  text('data.place.plant', place.plant)
  text('data.place.station', place.station)
  need(typeof place.line === 'string' && place.line !== '', 'data.place.line', place.line)
  for (const name of ['cavity', 'fixture'] as const)
    if (place[name] !== undefined) text(`data.place.${name}`, place[name])
  text('data.process.shift', process.shift)
  if (process.operatorRef !== undefined) text('data.process.operatorRef', process.operatorRef)
  text('data.process.recipe', process.recipe)
  number('data.process.cycleMs', process.cycleMs)
  time('data.process.startedAt', process.startedAt)
  time('data.process.endedAt', process.endedAt)
  whole('data.trigger', data.trigger)
  one('data.runType', RUN_TYPES, data.runType)
  for (const v of image.views) {
    need(SHA256.test(v.sha256), 'data.image.views.sha256', v.sha256)
    text('data.image.views.view', v.view)
    whole('data.image.views.width', v.width)
    whole('data.image.views.height', v.height)
  }
  if (image.sharpness !== undefined) number('data.image.sharpness', image.sharpness)
  for (const m of data.models) {
    need(SHA256.test(m.sha256), 'data.models.sha256', m.sha256)
    text('data.models.name', m.name)
    text('data.models.version', m.version)
    text('data.models.provider', m.provider)
  }
  for (const d of data.defects) {
    text('data.defects.id', d.id)
    text('data.defects.classCode', d.classCode)
    one('data.defects.severity', SEVERITIES, d.severity)
    number('data.defects.confidence', d.confidence)
    need(d.bbox.length === 4 && d.bbox.every(Number.isFinite), 'data.defects.bbox', d.bbox)
  }
  for (const m of data.measurements) {
    text('data.measurements.characteristic', m.characteristic)
    text('data.measurements.unit', m.unit)
    number('data.measurements.value', m.value)
  }
  one('data.verdict.result', VERDICTS, verdict.result)
  one('data.verdict.disposition', DISPOSITIONS, verdict.disposition)
  if (verdict.noVerdict !== null) one('data.verdict.noVerdict', NO_VERDICT_REASONS, verdict.noVerdict)
  number('data.verdict.pDefect', verdict.pDefect)
  text('data.verdict.ruleset', verdict.ruleset)
  for (const rule of verdict.rules) text('data.verdict.rules', rule)
  time('data.timing.captureAt', timing.captureAt)
  for (const [name, ms] of Object.entries(timing)) if (name !== 'captureAt') number(`data.timing.${name}`, ms)
}

/** Of CaptureRequest. */
const RUN_TYPES = ['production', 'acceptance', 'golden-sample']
