import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { asCoded, parseStrict, ShiftCalendar, type ShiftsSpec, shiftsSchema } from '../../contracts/index.ts'

const fileOf = (dataDir: string): string => join(dataDir, 'shifts.json')

/**
 * Leaves the calendar beside the records, with the time zone that the line went by: who reads them elsewhere, with no line
 * file and another zone, still finds the same shifts.
 *
 * @throws CFG_DATA_DIR
 */
export function keepShifts(dataDir: string, spec: ShiftsSpec | undefined): void {
  try {
    if (spec) writeFileSync(fileOf(dataDir), `${JSON.stringify(spec, null, 2)}\n`)
    else rmSync(fileOf(dataDir), { force: true })
  } catch (error) {
    throw asCoded(error, 'CFG_DATA_DIR', { file: fileOf(dataDir), expected: 'a file that can be written' })
  }
}

/**
 * The calendar that the line went by last, or null when its parts had one name for all.
 *
 * @throws CFG_SYNTAX, CFG_INVALID when the file was altered
 */
export function keptShifts(dataDir: string): ShiftCalendar | null {
  let text: string
  try {
    text = readFileSync(fileOf(dataDir), 'utf8')
  } catch {
    return null
  }
  return new ShiftCalendar(parseStrict(text, shiftsSchema, fileOf(dataDir)))
}
