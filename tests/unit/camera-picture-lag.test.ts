import { describe, expect, it } from 'vitest'
import { errorText } from '../../contracts/index.ts'
import { PictureLag } from '../../camera/picture-lag.ts'

const PERIOD_MS = 40

/** Even numbers from 0 to 1, the same each time. */
function evenly(seed: number): () => number {
  let state = seed
  return () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31
}

interface Picture {
  takenMs: number
  /** From camera to line. */
  delayMs: number
  /** What the clock of the sender says. */
  stampMs?: number
}

/** How many of them were late, whether the last was, and by how much. */
function run(
  pictures: Iterable<Picture>,
  lag = new PictureLag(),
): { late: number; last: boolean; ms: number } {
  let late = 0
  for (const { takenMs, delayMs, stampMs = takenMs } of pictures) {
    lag.arrived(takenMs + delayMs, stampMs)
    if (lag.late) late += 1
  }
  return { late, last: lag.late, ms: lag.ms }
}

const stream = (
  count: number,
  of: (takenMs: number, n: number) => Partial<Picture> = () => ({}),
): Picture[] =>
  Array.from({ length: count }, (_, n) => ({
    takenMs: n * PERIOD_MS,
    delayMs: 30,
    ...of(n * PERIOD_MS, n),
  }))

describe('how much later pictures come than the promptest', () => {
  it('tells an even pace that is too slow once a picture is 150 ms late, and that it is over', () => {
    const lag = new PictureLag()
    const slow = stream(500, (t) => ({ delayMs: 30 + Math.max(0, t - 4_000) / 50 }))
    expect(run(slow.slice(0, 280), lag)).toMatchObject({ late: 0, last: false })
    run(slow.slice(280, 300), lag)
    expect(run(slow.slice(300), lag)).toMatchObject({ late: 200, last: true })
    const over = stream(20, (_, n) => ({ takenMs: (500 + n) * PERIOD_MS }))
    expect(run(over, lag).late).toBe(0)
  })

  it('goes on telling it for hours, where it becomes no worse', () => {
    expect(run(stream(400_000, (t) => ({ delayMs: t < 4_000 ? 30 : 1_000 })))).toMatchObject({
      late: 400_000 - 100,
      last: true,
    })
  })

  it.each([
    ['clocks that run apart by 900 ppm', (t: number) => ({ stampMs: t * 0.9991 })],
    ['clocks that run apart the other way', (t: number) => ({ stampMs: t * 1.0009 })],
    ['stamps that begin again', (t: number) => ({ stampMs: t % 7_000 })],
    ['stamps that are set ahead', (t: number) => ({ stampMs: t > 9_000 ? t + 5_000 : t })],
    ['stamps that are set back', (t: number) => ({ stampMs: t > 9_000 ? t - 700 : t })],
    ['one wrong stamp', (t: number, n: number) => ({ stampMs: n === 300 ? t + 60_000 : t })],
    ['lost pictures', (t: number, n: number) => ({ takenMs: t + 400 * Math.floor(n / 10) })],
    [
      'a rate that follows the light',
      (t: number, n: number) => ({ takenMs: n < 500 ? t : 20_000 + (n - 500) * 500 }),
    ],
    ['the last pictures at once, when it is opened', (t: number) => ({ delayMs: Math.max(30, 2_000 - t) })],
    ['pictures in twos and threes', (_: number, n: number) => ({ delayMs: 30 + (2 - (n % 3)) * PERIOD_MS })],
  ])('takes no picture for late because of %s', (_, of) => {
    expect(run(stream(100_000, of))).toMatchObject({ late: 0 })
  })

  it('takes no picture for late on a link that wavers by 140 ms', () => {
    const random = evenly(7)
    expect(run(stream(10_000, () => ({ delayMs: 30 + 140 * random() })))).toMatchObject({ late: 0 })
  })

  it('a slow rate may be late by three of its periods', () => {
    const lag = new PictureLag()
    const every = (delayMs: number): Picture[] => stream(20, (t) => ({ takenMs: t * 10, delayMs }))
    expect(run(every(30), lag).late).toBe(0)
    const later = (delayMs: number): Picture[] =>
      every(delayMs).map((p) => ({ ...p, takenMs: p.takenMs + 8_000 }))
    expect(run(later(1_200), lag).late).toBe(0)
    expect(
      run(
        later(1_300).map((p) => ({ ...p, takenMs: p.takenMs + 8_000 })),
        lag,
      ).late,
    ).toBe(20)
  })

  it('stamps that begin again make no late picture a prompt one', () => {
    const lag = new PictureLag()
    run(
      stream(300, (t) => ({ delayMs: t < 4_000 ? 30 : 900 })),
      lag,
    )
    const again = stream(100, (t) => ({ takenMs: 12_000 + t, delayMs: 900, stampMs: t }))
    expect(run(again, lag)).toMatchObject({ late: 100 })
  })

  it('says how late, and what to do', () => {
    const lag = new PictureLag()
    run(
      stream(300, (t) => ({ delayMs: t < 4_000 ? 30 : 930 })),
      lag,
    )
    expect(lag.error.message).toBe(
      'CAM_STALE: the frame is older than the staleness budget; expected a picture at most 150 ms later than the promptest; found 899 ms later; the link or this machine is too slow for the stream: lower its bit rate, size or frame rate; of a camera whose clock is wrong, put -use_wallclock_as_timestamps 1 before -i',
    )
    expect(errorText(lag.error).zh).toBe(
      'CAM_STALE:帧已超过时效;应为 至多比最及时的画面晚 150 ms;实际为 晚 899 ms;链路或本机跟不上视频流:请降低其码率、分辨率或帧率;若相机时钟不准,请在 -i 之前加 -use_wallclock_as_timestamps 1',
    )
  })
})
