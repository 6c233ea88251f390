import { expect, it } from 'vitest'
import { timeRange } from '../../bin/time-range.ts'

it.each([
  ['2026-01-31', '2026-01-31T00:00:00.000Z'],
  ['2026-01-31T06:00:00Z', '2026-01-31T06:00:00.000Z'],
  ['2026-01-31T06:00:00.25+08:00', '2026-01-30T22:00:00.250Z'],
  ['2026-01-31t06:00:00z', '2026-01-31T06:00:00.000Z'],
  ['2026-01-31 06:00:00Z', '2026-01-31T06:00:00.000Z'],
  ['2026-01-31T06:00Z', '2026-01-31T06:00:00.000Z'],
  ['2026-01-31 06:00+08:00', '2026-01-30T22:00:00.000Z'],
])('takes %s', (text, at) => {
  expect(timeRange({ from: text })).toEqual({ from: at })
})

it.each([
  '12',
  '2026',
  '2026-02-30',
  '2026-01-31T06:00:00',
  '2026-01-31T25:00:00Z',
  '31.1.2026',
  '',
  'today',
])('refuses "%s"', (text) => {
  expect(() => timeRange({ to: text })).toThrow(/CFG_USAGE.*--to.*a date or a time with Z/)
})

it('refuses an end before the beginning', () => {
  expect(() => timeRange({ from: '2026-01-31', to: '2026-01-30' })).toThrow(/not before --from/)
  expect(timeRange({})).toEqual({})
})
