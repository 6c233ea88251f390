import { afterEach, describe, expect, it } from 'vitest'
import { createFramePool, httpPushSource } from '../../camera/index.ts'
import { CodedError } from '../../contracts/index.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** An open source; gives the kinds of its items so far, and a way to push. */
async function opened(announce: (trigger: number, at: string) => Promise<void>) {
  const source = httpPushSource({
    station: 'st1',
    view: 'top',
    pool: createFramePool({ slots: 4, slotBytes: 4096 }),
    firstTrigger: 1,
    host: '127.0.0.1',
    port: 0,
    maxBytes: 3_000,
    backPressure: 'miss',
    staleMs: 5_000,
    announce,
  })
  await source.open()
  closers.push(() => source.close())
  const items: string[] = []
  void (async () => {
    for await (const item of source.items(new AbortController().signal)) {
      items.push(item.kind)
      if (item.kind === 'frame') item.frame.release()
    }
  })()
  const push = async (headers: Record<string, string> = {}): Promise<[number, object]> => {
    const answer = await fetch(source.url() ?? '', {
      method: 'POST',
      body: 'pixels',
      headers: { 'content-type': 'image/png', ...headers },
    })
    return [answer.status, (await answer.json()) as object]
  }
  return { items, push }
}

describe('a number that http-push gives', () => {
  it('is durable before the sender is told, and one of the sender needs no announcement', async () => {
    const announced: number[] = []
    let durable: () => void = () => undefined
    const { items, push } = await opened(
      (trigger) =>
        new Promise((resolve) => {
          announced.push(trigger)
          durable = resolve
        }),
    )
    let told = false
    const answer = push().then((a) => ((told = true), a))
    await expect.poll(() => announced).toEqual([1])
    await new Promise((r) => setTimeout(r, 50))
    expect(told).toBe(false)
    durable()
    expect(await answer).toEqual([202, { trigger: 1 }])
    expect((await push({ 'x-trigger': '2' }))[0]).toBe(202)
    expect(announced).toEqual([1])
    expect(items).toEqual(['frame', 'frame'])
  })

  it('and that cannot be made durable is told with its code; the frame is judged all the same', async () => {
    const { items, push } = await opened(() => Promise.reject(new CodedError('TRC_DISK_FULL')))
    const [status, body] = await push()
    expect([status, body]).toEqual([503, expect.objectContaining({ code: 'TRC_DISK_FULL', trigger: 1 })])
    expect(items).toEqual(['frame'])
  })
})
