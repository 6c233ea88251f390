import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe } from 'vitest'
import { createFramePool, ffmpegSource } from '../../../camera/index.ts'
import type { FfmpegOptions } from '../../../camera/index.ts'
import type { CameraItem, FrameSource } from '../../../contracts/index.ts'

const present = spawnSync('ffmpeg', ['-version']).status === 0
// Absent and required: the tests run and fail.
export const skip = !present && !process.env['SIGHTLINE_REQUIRE_SERVICES'] && 'ffmpeg is not on the PATH'
const title = (name: string): string => `${name}${skip ? ` (skipped: ${skip})` : ''}`

export const testSource = (rate: number, seconds?: number): string[] => {
  const length = seconds === undefined ? '' : `:duration=${seconds}`
  return ['-re', '-f', 'lavfi', '-i', `testsrc=size=64x48:rate=${rate}${length}`]
}

export const options = (over: Partial<FfmpegOptions>): FfmpegOptions => ({
  station: 'st1',
  view: 'top',
  pool: createFramePool({ slots: 4, slotBytes: 65_536 }),
  firstTrigger: 1,
  input: testSource(50),
  widthPx: 64,
  heightPx: 48,
  pixel: 'mono8',
  mode: 'free',
  backPressure: 'wait',
  watchdogMs: 5_000,
  restart: { max: 2, withinMs: 60_000 },
  ...over,
})

/** What ffmpeg writes of a picture from the network before it shows it. */
export const STAMPED = 'echo "frame:0 pts:0 pts_time:0" >&3'

const sources: FrameSource[] = []
/** Closed behind each test. */
export const made = (over: Partial<FfmpegOptions>): FrameSource => {
  const source = ffmpegSource(options(over))
  sources.push(source)
  return source
}

async function closeMade(): Promise<void> {
  for (const source of sources.splice(0)) await source.close()
}

export async function read(
  source: FrameSource,
  until = Infinity,
  onItem = (): unknown => undefined,
): Promise<{ items: CameraItem[]; pixels: Buffer[] }> {
  const stop = new AbortController()
  const items: CameraItem[] = []
  const pixels: Buffer[] = []
  for await (const item of source.items(stop.signal)) {
    items.push(item)
    onItem()
    if (item.kind === 'frame') {
      pixels.push(Buffer.from(item.frame.bytes))
      item.frame.release()
    }
    if (items.length === until) stop.abort()
  }
  return { items, pixels }
}

export const triggersOf = (items: CameraItem[]): unknown[] =>
  items.map((i) =>
    i.kind === 'frame' ? i.frame.meta.trigger : i.kind === 'missed' ? [i.trigger, i.code] : i.kind,
  )

/** Clips that ffmpeg makes, and sources that are closed behind each test; named and skipped without ffmpeg. */
export function describeFfmpeg(
  name: string,
  body: (at: { path: (name: string) => string; run: (...args: string[]) => void }) => void,
): void {
  describe.skipIf(Boolean(skip))(title(name), () => {
    let dir: string
    const path = (name: string): string => join(dir, name)
    const run = (...args: string[]): void =>
      void execFileSync('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-y', ...args], { stdio: 'pipe' })

    beforeAll(async () => {
      dir = await mkdtemp(join(tmpdir(), 'ffmpeg-'))
      run(
        '-f',
        'lavfi',
        '-i',
        'testsrc=size=64x48:rate=10',
        '-frames:v',
        '5',
        '-c:v',
        'ffv1',
        path('five.mkv'),
      )
      // The reference pixels, written by ffmpeg in a format of its own: binary PPM behind a 13-byte header.
      run('-i', path('five.mkv'), '-pix_fmt', 'rgb24', path('want-%d.ppm'))
      const mpeg = ['-c:v', 'mpeg2video', '-f', 'mpegts']
      run('-f', 'lavfi', '-i', 'testsrc=size=64x48:rate=25', '-frames:v', '3', ...mpeg, path('a.ts'))
      run('-f', 'lavfi', '-i', 'testsrc=size=32x24:rate=25', '-frames:v', '3', ...mpeg, path('b.ts'))
    })
    afterAll(() => rm(dir, { recursive: true }))
    afterEach(closeMade)
    body({ path, run })
  })
}
