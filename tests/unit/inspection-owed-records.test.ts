import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type CaptureRequest, CodedError } from '../../contracts/index.ts'
import { OwedRecords } from '../../inspection/engine/owed-records.ts'
import { Diary } from './samples/station-ports.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const gate = { command: {}, ack: {} } as never
const request = (trigger: number): CaptureRequest =>
  ({ station: 's', trigger, inspectionId: `i${trigger}`, outcome: { verdict: { result: 'fail' } } }) as never

function owed(capture: (r: CaptureRequest) => CodedError | null) {
  const diary = new Diary()
  const asked: number[] = []
  const errors: string[] = []
  const store = {
    ...diary.store,
    capture: (r: CaptureRequest) => {
      asked.push(r.trigger)
      const error = capture(r)
      return error ? Promise.reject(error) : diary.store.capture(r)
    },
  }
  const log = { warn: () => undefined, error: (_f: object, m: string) => void errors.push(m) }
  return { records: new OwedRecords(store, log), diary, asked, errors }
}

it('asks a store that is full with one record at a time, ever more rarely, and then stores all in their order', async () => {
  let full = true
  const o = owed(() => (full ? new CodedError('TRC_DISK_FULL') : null))
  for (let t = 1; t <= 40; t++) o.records.add(request(t), gate)
  await vi.advanceTimersByTimeAsync(60_000)
  // 0.5, 1, 2, 4, 8 s, then every 10 s: by 60 s 9 attempts.
  expect(o.asked).toEqual(Array.from({ length: 9 }, () => 1))
  expect(o.records.count).toBe(40)
  full = false
  await vi.advanceTimersByTimeAsync(10_001)
  await o.records.pay()
  expect(o.records.count).toBe(0)
  expect(o.diary.captured.map((c) => c.trigger)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1))
  expect(o.diary.lines.filter((l) => l === 'note gate')).toHaveLength(40)
})

it('gives up a record that the store refuses for what it says, and says so', async () => {
  const o = owed((r) => (r.trigger === 1 ? new CodedError('TRC_DUPLICATE') : null))
  o.records.add(request(1), gate)
  o.records.add(request(2), gate)
  await o.records.pay()
  expect(o.records.count).toBe(0)
  expect(o.diary.captured.map((c) => c.trigger)).toEqual([2])
  expect(o.errors).toEqual(['the store refuses a record for what it says'])
  // The cycle was committed unheard before: what the gate did is noted on that record too.
  expect(o.diary.lines.filter((l) => l === 'note gate')).toHaveLength(2)
})
