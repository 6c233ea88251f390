import { request } from 'node:http'
import { expect, it } from 'vitest'
import { createFramePool, httpPushSource } from '../../camera/index.ts'
import { errorText } from '../../contracts/index.ts'
import type { CameraItem } from '../../contracts/index.ts'

const options = {
  station: 'st1',
  view: 'top',
  firstTrigger: 1,
  host: '127.0.0.1',
  port: 0,
  maxBytes: 3000,
  backPressure: 'wait' as const,
  staleMs: 5_000,
}

/** Posts these pictures one after the other, and tells what came of them. */
async function pushed(shots: { trigger: number; at?: string; picture: string }[]) {
  const pool = createFramePool({ slots: 4, slotBytes: 4096 })
  const source = httpPushSource({ ...options, pool })
  await source.open()
  const stop = new AbortController()
  const items: CameraItem[] = []
  const reading = (async () => {
    for await (const item of source.items(stop.signal)) {
      if (item.kind !== 'end') items.push(item)
      if (item.kind === 'frame') item.frame.release()
    }
  })()
  const answers: unknown[] = []
  for (const { trigger, at, picture } of shots) {
    const headers = {
      'content-type': 'image/png',
      'x-trigger': String(trigger),
      ...(at && { 'x-captured-at': at }),
    }
    const answer = await fetch(source.url() ?? '', { method: 'POST', headers, body: picture })
    answers.push([answer.status, await answer.json()])
  }
  stop.abort()
  await reading
  await source.close()
  expect(pool.free).toBe(4)
  const told = items.map((item) =>
    item.kind === 'frame'
      ? item.frame.meta.trigger
      : item.kind === 'missed'
        ? [item.trigger, item.reason]
        : item,
  )
  const missed = items.flatMap((item) => (item.kind === 'missed' ? [errorText(item).zh] : []))
  return { told, answers, missed, health: source.health() }
}

const AT = '2026-05-04T10:00:00.120Z'

it('a camera that sends its last exposure again for another part gives that part no picture', async () => {
  const { told, answers, missed, health } = await pushed([
    { trigger: 1, at: AT, picture: 'one' },
    { trigger: 2, at: AT, picture: 'one' },
    { trigger: 3, at: '2026-05-04T12:00:00.120+02:00', picture: 'one' },
    { trigger: 4, at: '2026-05-04T10:00:00.620Z', picture: 'two' },
  ])
  expect(told).toEqual([1, [2, 'frozen'], [3, 'frozen'], 4])
  expect(answers).toMatchObject([
    [202, { trigger: 1 }],
    [422, { trigger: 2, code: 'CAM_FROZEN', message: expect.stringContaining('trigger 1') as string }],
    [422, { trigger: 3, code: 'CAM_FROZEN' }],
    [202, { trigger: 4 }],
  ])
  expect(missed[0]).toMatch(/触发 2 的工件的图像;实际为 触发 1 的图像再次出现.*请重启相机/)
  expect(health).toMatchObject({ frames: 2, missed: 2 })
})

it('parts of one exposure, or of a clock of whole seconds, have their own pictures', async () => {
  const { told } = await pushed([
    { trigger: 1, at: AT, picture: 'left' },
    { trigger: 2, at: AT, picture: 'right' },
    { trigger: 3, at: AT, picture: 'left' },
  ])
  expect(told).toEqual([1, 2, [3, 'frozen']])
})

it('where no time is stated, or another one, the same bytes may be another part', async () => {
  const { told } = await pushed([
    { trigger: 1, picture: 'drawn' },
    { trigger: 2, picture: 'drawn' },
    { trigger: 3, at: AT, picture: 'drawn' },
    { trigger: 4, at: '2026-05-04T10:00:01.120Z', picture: 'drawn' },
  ])
  expect(told).toEqual([1, 2, 3, 4])
})

it('a frame is answered at once behind an upload of another time that stalls', async () => {
  const pool = createFramePool({ slots: 4, slotBytes: 4096 })
  const source = httpPushSource({ ...options, pool, staleMs: 60_000 })
  await source.open()
  const url = source.url() ?? ''
  const headers = (trigger: number, at: string) => ({
    'content-type': 'image/png',
    'x-trigger': String(trigger),
    'x-captured-at': at,
  })
  const stalled = request(url, { method: 'POST', headers: { ...headers(1, AT), 'content-length': 9 } })
  stalled.on('error', () => undefined).write('half')
  await expect.poll(() => pool.free).toBe(3)
  const answer = await fetch(url, {
    method: 'POST',
    headers: headers(2, '2026-05-04T10:00:00.620Z'),
    body: 'two',
    signal: AbortSignal.timeout(5_000),
  })
  expect(answer.status).toBe(202)
  stalled.destroy()
  await source.close()
})
