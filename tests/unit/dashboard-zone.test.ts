import { afterEach, describe, expect, it, vi } from 'vitest'
import { timeAxis } from '../../dashboard/web/charts/options.ts'
import { momentText, timeText } from '../../dashboard/web/look/format.ts'
import { heardTime, lineNow } from '../../dashboard/web/look/line-clock.ts'
import { goBy, momentOf, screenZone, wallText, zoneName, zoneText } from '../../dashboard/web/look/zone.ts'

/** An answer that says the time of the line comes when the clock of the screen shows another. */
const hears = (line: Date, screenMs: number): void =>
  heardTime(new Headers({ date: line.toUTCString(), 'cache-control': 'no-store' }), screenMs, screenMs)

/** Moments by `date -d 'TZ="Europe/Berlin" …'` of GNU coreutils. */
describe('the clock that the pages go by', () => {
  afterEach(() => {
    goBy(null)
    vi.useRealTimers()
  })

  it('tells what is not of today by the clock of the line, also on a screen whose clock is wrong', () => {
    goBy('Asia/Shanghai')
    const now = Date.UTC(2026, 6, 24, 4)
    vi.useFakeTimers({ toFake: ['Date'], now })
    const yesterday = new Date(now - 86_400_000).toISOString()
    expect(timeText(yesterday)).toMatch(/^\d{4}-/)
    for (const aheadMs of [86_400_000, 200 * 86_400_000]) {
      hears(new Date(now + aheadMs), now)
      expect(timeText(new Date(now).toISOString())).toMatch(/^\d{4}-/)
      expect(timeText(new Date(now + aheadMs).toISOString())).toMatch(/^\d\d:/)
    }
    hears(new Date(now), now)
    expect(timeText(new Date(now).toISOString())).toMatch(/^\d\d:/)
  })

  it('is that of the line, with its offset at the moment', () => {
    goBy('Asia/Shanghai')
    expect(zoneName()).toBe('Asia/Shanghai')
    expect(momentText('2026-07-24T22:00:00.250Z')).toBe('2026-07-25 06:00:00.250 UTC+08:00')
    expect(timeText('2026-07-24T22:00:00.250Z', new Date('2026-07-25T15:59:59Z'))).toBe('06:00:00.250')
    expect(timeText('2026-07-24T22:00:00.250Z', new Date('2026-07-25T16:00:00Z'))).toBe(
      '2026-07-25 06:00:00.250',
    )
    goBy('Asia/Kathmandu')
    expect(zoneText(new Date('2026-01-01T00:00:00Z'))).toBe('UTC+05:45')
    goBy('America/St_Johns')
    expect(zoneText(new Date('2026-01-01T00:00:00Z'))).toBe('UTC-03:30')
  })

  it('follows summer time', () => {
    goBy('Europe/Berlin')
    expect(momentText('2026-03-29T00:59:59.000Z')).toBe('2026-03-29 01:59:59.000 UTC+01:00')
    expect(momentText('2026-03-29T01:00:00.000Z')).toBe('2026-03-29 03:00:00.000 UTC+02:00')
    const said = (text: string) => momentOf(text)?.toISOString()
    expect(said('2026-03-29T01:59')).toBe('2026-03-29T00:59:00.000Z')
    // Jumped over: the moment of the jump.
    expect(said('2026-03-29T02:30')).toBe('2026-03-29T01:00:00.000Z')
    expect(said('2026-03-29T03:00')).toBe('2026-03-29T01:00:00.000Z')
    // Shown twice: the first.
    expect(said('2026-10-25T02:30')).toBe('2026-10-25T00:30:00.000Z')
    expect(said('2026-10-25T03:00')).toBe('2026-10-25T02:00:00.000Z')
    expect(said('2026-10-25T03:00:30')).toBe('2026-10-25T02:00:30.000Z')
  })

  it('comes back from what it shows', () => {
    for (const zone of ['America/New_York', 'Australia/Lord_Howe', 'Pacific/Apia', 'Asia/Tehran', 'UTC']) {
      goBy(zone)
      for (let ms = Date.UTC(2026, 0, 1); ms < Date.UTC(2027, 0, 1); ms += 7 * 3_600_000 + 60_000) {
        const { date, time } = wallText(new Date(ms))
        const back = momentOf(`${date}T${time}`)
        expect(wallText(back ?? new Date(0))).toEqual({ date, time })
        expect([0, 1_800_000, 3_600_000]).toContain(ms - (back?.getTime() ?? 0))
      }
    }
  })

  it('lets a year be typed, of which a browser tells each digit', () => {
    for (const zone of ['Asia/Shanghai', 'America/New_York', 'UTC']) {
      goBy(zone)
      for (const year of ['0002', '0020', '0202', '2026']) {
        const back = momentOf(`${year}-11-29T06:05`)
        expect([zone, wallText(back ?? new Date(0))]).toEqual([
          zone,
          { date: `${year}-11-29`, time: '06:05:00' },
        ])
      }
    }
  })

  it('tells the days of a chart apart, where that of the screen begins at another hour', () => {
    const ticks = [0, 1, 2].map((day) => new Date(2026, 6, 20 + day).getTime())
    goBy('Asia/Kathmandu')
    const said = ticks.map((ms) => timeAxis.axisLabel.formatter(ms))
    expect(new Set(said).size).toBe(3)
    expect(said[0]).toMatch(/^2026-07-\d\d( \d\d:\d\d)?$/)
    expect(timeAxis.axisLabel.formatter(Date.UTC(2026, 6, 19, 18, 15))).toBe('2026-07-20')
    expect(timeAxis.axisLabel.formatter(Date.UTC(2026, 6, 19, 20, 25))).toBe('02:10')
  })

  it('is that of the screen where the zone is unknown, and takes nothing that is no time', () => {
    goBy('Mars/Olympus')
    expect(screenZone(new Date())).toBe(null)
    for (const text of ['', '2026-13-01T00:00', '2026-02-31T25:00', 'x', '02026-01-01T00:00'])
      expect(momentOf(text)).toBe(null)
  })
})

describe('the time of the line', () => {
  const noon = Date.UTC(2026, 6, 24, 12)
  /** An answer that says noon, asked for and heard at these times by the clock of the screen, ms behind noon. */
  const heardNoon = (askedMs: number, nowMs: number, cacheControl = 'no-store'): void =>
    heardTime(
      new Headers({ date: 'Fri, 24 Jul 2026 12:00:00 GMT', 'cache-control': cacheControl }),
      noon + askedMs,
      noon + nowMs,
    )
  const ahead = (): number => lineNow(noon) - noon

  it('is what its answers say, whatever the clock of the screen is set to', () => {
    heardNoon(-3_600_050, -3_600_000)
    expect(ahead()).toBe(3_600_000)
    // Out of the store of the browser.
    heardNoon(7_000_000, 7_000_000, 'private, max-age=60')
    expect(ahead()).toBe(3_600_000)
    // At the end of its second: the line is at most so much ahead.
    heardNoon(7_000_000, 7_000_010)
    expect(ahead()).toBe(-6_999_000)
  })

  it('is that of the screen as long as both may agree: an answer tells whole seconds', () => {
    heardNoon(-10_000, -10_000)
    expect(ahead()).toBe(10_000)
    heardNoon(700, 990)
    expect(ahead()).toBe(300)
    heardNoon(0, 400)
    expect(ahead()).toBe(300)
    heardNoon(990, 1_000)
    expect(ahead()).toBe(10)
    heardNoon(1_000, 1_200)
    expect(ahead()).toBe(0)
    for (const ms of [0, 250, 999]) {
      heardNoon(ms, ms)
      expect(ahead()).toBe(0)
    }
  })
})
