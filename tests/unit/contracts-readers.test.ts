import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { lineSchema, parseStrict } from '../../contracts/index.ts'

const station = (id: string, over: object): object => ({
  id,
  camera: { adapter: 'http-push', port: 0 },
  recipe: 'named@1',
  budgetMs: 2_000,
  ...over,
})

describe('readers of a line file', () => {
  const gun = { id: 'gun', adapter: 'scanner-tcp', host: 'h', port: 9_004 }
  const time = { reader: 'gun', by: 'time', offsetMs: 0, toleranceMs: 40, spacingMs: 100 }
  const named = (association: object[], over: object = {}): object => station('a', { association, ...over })
  it.each([
    ['an unknown key', [gun], [named([{ ...time, window: 3 }])], /stations\[0\]\.association\[0\]\.window/],
    [
      'an adapter of before',
      [{ id: 'gun', adapter: 'scanner-device', path: '/dev/ttyS0' }],
      [named([time])],
      /readers\[0\]\.adapter\); expected scanner-serial \(with its baudRate\) or scanner-keyboard in place of/,
    ],
    ['an unknown adapter', [{ ...gun, adapter: 'camera' }], [named([time])], /readers\[0\]\.adapter/],
    [
      'places that overlap',
      [gun],
      [named([{ ...time, toleranceMs: 50 }])],
      /association\[0\]\.toleranceMs\); expected less than half of the part spacing/,
    ],
    [
      'a reader that is not there',
      [gun],
      [named([time, { reader: 'gnu', by: 'trigger' }])],
      /association\[1\]\.reader\); expected one of readers \(gun\); found "gnu"/,
    ],
    [
      'a reader that nobody wants',
      [gun],
      [named([])],
      /readers\[0\]\.id\); expected a reader that an association/,
    ],
    [
      'one id for two readers',
      [gun, gun],
      [named([time])],
      /readers\[1\]\.id\); expected reader ids used once/,
    ],
    [
      'a station before it that stands behind',
      [],
      [named([{ by: 'fifo', from: 'b', minMs: 1, maxMs: 2 }]), { ...station('b', {}) }],
      /association\[0\]\.from\); expected a station that stands before a in this file/,
    ],
    [
      'an encoder behind a camera that knows none',
      [gun],
      [
        named([{ reader: 'gun', by: 'encoder', offset: 0, tolerance: 1, spacing: 9 }], {
          camera: { adapter: 'replay', path: 'x', rate: 1 },
        }),
      ],
      /association\[0\]\.by\); expected encoder only with a camera that sends x-encoder/,
    ],
    [
      'a read that comes after the budget',
      [gun],
      [named([{ ...time, offsetMs: 5_000 }])],
      /association\[0\]\.offsetMs\); expected a read that is there within budgetMs 2000/,
    ],
  ])('with %s is refused with path and line', (_name, readers, stations, says) => {
    const text = stringify({ line: 'l', title: { zh: '线', en: 'Line' }, readers, stations })
    const refused = (): unknown => parseStrict(text, lineSchema, 'l.line.yaml')
    expect(refused).toThrow(/^CFG_INVALID: .*\(l\.line\.yaml, line \d+, /)
    expect(refused).toThrow(says)
  })

  it('may be there for badges alone', () => {
    const line = (operators: object): unknown => ({
      line: 'l',
      title: { zh: '线', en: 'Line' },
      readers: [gun],
      operators,
      stations: [named([])],
    })
    expect(lineSchema.safeParse(line({ badgePrefix: 'OP:' })).success).toBe(true)
    expect(lineSchema.safeParse(line({})).success).toBe(false)
  })

  it('in order has its readers and associations, with their defaults', () => {
    const text = stringify({
      line: 'l',
      title: { zh: '线', en: 'Line' },
      readers: [gun],
      stations: [
        named([time]),
        station('b', { association: [{ by: 'fifo', from: 'a', minMs: 1, maxMs: 2 }] }),
      ],
    })
    const line = parseStrict(text, lineSchema, 'l.line.yaml')
    expect(line.readers).toMatchObject([{ id: 'gun', maxLength: 4_096 }])
    expect(line.stations.map((s) => s.association)).toMatchObject([
      [{ by: 'time', required: true }],
      [{ by: 'fifo', required: true }],
    ])
  })
})
