import { expect, it } from 'vitest'
import { fewAlarms } from '../../dashboard/web/live/few-alarms.ts'

it('shows faults first, then the newest alarms of each kind, and says how many more there are', () => {
  const alarm = (station: string, code: string, minute: number) => ({
    station,
    alarm: code === 'MDL_ESCAPE' ? 'escape-found' : 'fault',
    code,
    message: code,
    since: `2026-01-31T06:${String(minute).padStart(2, '0')}:00.000Z`,
  })
  const escapes = Array.from({ length: 40 }, (_, i) => alarm('st10', 'MDL_ESCAPE', i))
  const gone = alarm('st10', 'CAM_GONE', 5)
  const other = alarm('st20', 'MDL_ESCAPE', 3)
  expect(fewAlarms([...escapes, gone, other], 3)).toEqual([
    // Else it stands below a shift of escapes.
    { shown: [gone], more: 0 },
    { shown: escapes.slice(-3), more: 37 },
    { shown: [other], more: 0 },
  ])
  expect(fewAlarms(escapes, Infinity)).toEqual([{ shown: escapes, more: 0 }])
})
