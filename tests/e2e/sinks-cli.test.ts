import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openPartStore, openTraceQuery } from '../../traceability/index.ts'
import { passVerdict, request } from '../unit/samples/traceability-requests.ts'
import { Receiver } from '../unit/samples/webhook-receiver.ts'
import { goodPng, type Workshop, workshop } from './bad-samples.ts'
import { type CliProcess, runCli, startCli, stopped } from './line-process.ts'

let shop: Workshop
let receiver: Receiver
const running: CliProcess[] = []

beforeAll(async () => {
  shop = workshop('sinks-cli')
  mkdirSync(join(shop.dir, 'images'))
  writeFileSync(join(shop.dir, 'images', 'good.png'), await goodPng())
  receiver = await Receiver.start()
})
afterAll(async () => {
  await receiver.stop()
  shop.remove()
})
afterEach(() => {
  for (const p of running.splice(0)) p.child.kill('SIGKILL')
})

interface Listed {
  sink: string
  position: number
  end: number
  behind: number
  dead: number
  letters: { position: number; state: string; type: string; subject: string; reason: string }[]
}
const listed = async (data: string): Promise<Listed[]> =>
  JSON.parse((await runCli(['sinks', 'list', '--data', data, '--json'])).stdout) as Listed[]
const positions = (): number[] => receiver.got.map(({ headers }) => Number(headers['x-log-position']))

describe('sightline sinks', () => {
  it('lists what a running line could not deliver and has it sent again', async () => {
    receiver.answers.push(422, 200, 413)
    const data = join(shop.dir, 'running')
    const file = shop.line('running', {
      stations: [
        {
          id: 'cam',
          camera: { adapter: 'replay', path: 'images', rate: 5, loop: true },
          recipe: 'ramp@1',
          budgetMs: 2_000,
        },
      ],
      sinks: [{ id: 'mes', adapter: 'webhook', url: receiver.url, events: ['qe.inspection.*'] }],
    })
    const line = await startCli(['serve', file, '--data', data, '--no-supervisor'])
    running.push(line)
    await expect.poll(async () => (await listed(data))[0]?.dead, { timeout: 30_000 }).toBe(2)
    const [mes] = await listed(data)
    const [second, first] = mes?.letters ?? []
    expect(mes?.letters.map((l) => [l.state, l.type, l.reason])).toEqual([
      ['dead', 'qe.inspection.completed.v1', `HTTP 413 from ${receiver.url}`],
      ['dead', 'qe.inspection.completed.v1', `HTTP 422 from ${receiver.url}`],
    ])
    const text = (await runCli(['sinks', 'list', '--data', data])).stdout
    expect(text).toMatch(/^sink +position +end +behind +dead/)
    expect(text).toMatch(
      new RegExp(`^mes +${first?.position} +dead +qe\\.inspection\\S+ +${first?.subject} +1 `, 'm'),
    )

    const replay = (...args: string[]) => runCli(['sinks', 'replay', ...args, '--by', 'li', '--data', data])
    const dead = await replay('mes', '--dead')
    expect(JSON.parse(dead.stdout)).toEqual({ sink: 'mes', from: null, by: 'li', events: 2 })
    await expect.poll(async () => (await listed(data))[0]?.dead, { timeout: 15_000 }).toBe(0)
    const again = positions().filter((p) => p === first?.position || p === second?.position)
    expect(again).toEqual([first?.position, second?.position])

    const before = receiver.got.length
    expect((await replay('mes', '--from', '0')).code).toBe(0)
    const all = () => positions().slice(before)
    await expect.poll(() => all().includes(first?.position ?? 0), { timeout: 15_000 }).toBe(true)

    const unknown = await replay('nobody', '--dead')
    expect([unknown.code, unknown.stderr]).toEqual([
      1,
      expect.stringContaining('expected a sink: mes; found nobody'),
    ])
    const ahead = await replay('mes', '--from', '1000000')
    expect([ahead.code, ahead.stderr]).toEqual([
      1,
      expect.stringMatching(/^TRC_SINK: .*expected a position from 0 to \d+/),
    ])
    expect(await stopped(line)).toBe(0)
    expect(line.stderr()).toContain('"msg":"dead letters were sent again"')
  }, 120_000)

  it('sets the cursor back where no line works, and keeps dead letters for one', async () => {
    const data = join(shop.dir, 'standing')
    const store = await openPartStore({ dataDir: data, spoolAfterMs: 20_000 })
    for (const n of [1, 2, 3, 4]) await store.capture(request(n, passVerdict()))
    const letter = { sink: 'sink:mes', attempts: 1, reason: 'HTTP 422', at: '2026-01-05T06:00:00.000Z' }
    await store.letter({ ...letter, position: 2, state: 'dead' })
    await store.advance('sink:mes', 4)
    await store.close()

    const replay = (...args: string[]) => runCli(['sinks', 'replay', ...args, '--data', data])
    const dead = await replay('mes', '--dead', '--by', 'li')
    expect([dead.code, dead.stderr]).toEqual([
      1,
      expect.stringMatching(/^TRC_SINK: .*expected a running line.*start it and ask again/),
    ])
    const ahead = await replay('mes', '--from', '5', '--by', 'li')
    expect([ahead.code, ahead.stderr]).toEqual([1, expect.stringContaining('from 0 to 4')])
    const unknown = await replay('erp', '--from', '0', '--by', 'li')
    expect([unknown.code, unknown.stderr]).toEqual([
      1,
      expect.stringContaining('expected a sink: mes; found erp'),
    ])
    for (const [args, says] of [
      [['mes', '--from', '1'], '--by'],
      [['mes', '--by', 'li'], 'either --from POSITION or --dead; found neither'],
      [['mes', '--from', '1', '--dead', '--by', 'li'], 'either --from POSITION or --dead; found both'],
      [['mes', '--from', '-1', '--by', 'li'], 'a whole number from 0'],
    ] as const) {
      const wrong = await replay(...args)
      expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining(says)])
    }
    expect((await listed(data))[0]).toMatchObject({ position: 4, end: 4, behind: 0, dead: 1 })

    const back = await replay('mes', '--from', '1', '--by', 'li')
    expect(JSON.parse(back.stdout)).toEqual({ sink: 'mes', from: 1, by: 'li', events: 3 })
    expect((await listed(data))[0]).toMatchObject({ position: 1, end: 5, behind: 4, dead: 1 })
    const query = openTraceQuery(data)
    expect(query.eventsAfter(4, 1)[0]?.event).toMatchObject({
      type: 'qe.sink.replayed.v1',
      subject: 'sink/mes',
      data: { sink: 'mes', from: 1, by: 'li' },
    })
    query.close()
  }, 120_000)
})
