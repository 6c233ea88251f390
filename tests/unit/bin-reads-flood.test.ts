import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { Ration } from '../../bin/line/ration.ts'
import { openReads } from '../../bin/line/reads.ts'
import { lineSchema } from '../../contracts/index.ts'

const closers: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

it('a ration is told at once, then a few a second, with how many were kept back', () => {
  const ration = new Ration()
  const told = Array.from({ length: 1_000 }, () => ration.take(5_000))
  expect(told.slice(0, 200)).toEqual(Array(200).fill(0))
  expect(told.slice(200)).toEqual(Array(800).fill(null))
  expect(ration.take(5_100)).toBeNull()
  expect(ration.take(5_300)).toBe(801)
  expect(ration.take(5_600)).toBe(0)
  expect(ration.take(500_000)).toBe(0)
})

it('a reader that has gone mad is counted, and does not fill log and store', async () => {
  const server = createServer()
  const connection = once(server, 'connection') as Promise<[Socket]>
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => void server.close())
  const spec = lineSchema.parse({
    line: 'caps-a',
    title: { zh: '瓶盖', en: 'Caps' },
    readers: [
      {
        id: 'gun',
        adapter: 'scanner-tcp',
        host: '127.0.0.1',
        port: (server.address() as AddressInfo).port,
        maxLength: 20,
      },
    ],
    stations: [
      {
        id: 'st10',
        camera: { adapter: 'sample-line', rate: 1 },
        recipe: 'cap@1',
        budgetMs: 100,
        association: [{ reader: 'gun', by: 'time', offsetMs: 0, toleranceMs: 40, spacingMs: 100 }],
      },
    ],
  })
  const events: string[] = []
  const reads = await openReads(
    spec,
    { emit: async (event) => void events.push(event.type) } as Parameters<typeof openReads>[1],
    { signOn: async () => {} } as unknown as Parameters<typeof openReads>[2],
  )
  closers.push(() => reads.close())
  const [scanner] = await connection
  closers.push(() => void scanner.destroy())
  const health = () => reads.health()[0]
  await expect.poll(() => health()?.state).toBe('running')
  scanner.write('SN-1\r'.repeat(4_000))
  scanner.write(`${'x'.repeat(30)}\r`.repeat(1_000))
  await expect.poll(() => health(), { timeout: 10_000 }).toMatchObject({ reads: 4_000, refused: 1_000 })
  // The last thousand may still find their part.
  expect(health()?.stray).toBe(4_000 - 1_024)
  expect(events.length).toBeGreaterThanOrEqual(200)
  expect(events.length).toBeLessThan(300)
})
