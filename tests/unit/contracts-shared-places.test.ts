import { describe, expect, it } from 'vitest'
import { PC_OFFSET, PC_WORDS } from '../../camera/line-io/register-map.ts'
import { lineSchema } from '../../contracts/index.ts'

const push = (port: number, host = '127.0.0.1') => ({
  adapter: 'http-push',
  port,
  host,
  token: 'x'.repeat(16),
})
const plc = (baseRegister: number, unit = 1) => ({ adapter: 'modbus-tcp', host: 'plc', unit, baseRegister })
const station = (id: string, camera: object, over: object = {}) => ({
  id,
  camera,
  recipe: 'r@1',
  budgetMs: 2_000,
  reject: { adapter: 'recording' },
  ...over,
})
const reads = (reader: string) => ({ association: [{ reader, by: 'manual', withinMs: 60_000 }] })

/** Where the line file is wrong, and why. */
function issues(...[first, second, more = {}]: [object, object, object?]): string[] {
  const line = { line: 'l', title: { en: 'l', zh: '线' }, stations: [first, second], ...more }
  const parsed = lineSchema.safeParse(line)
  return parsed.success ? [] : parsed.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`)
}

describe('what two parts of a line would take from each other', () => {
  it.each([
    [
      'ports of two cameras',
      [station('a', push(9001)), station('b', push(9001))],
      /^stations\.1\.camera\.port: .*station a listens on 9001/,
    ],
    [
      'a port on one address and on all',
      [station('a', push(9001)), station('b', push(9001, '0.0.0.0'))],
      /station a listens/,
    ],
    [
      'the port of the dashboard',
      [station('a', push(8414)), station('b', push(9001))],
      /^stations\.0\.camera\.port: .*the dashboard listens on 8414/,
    ],
    [
      'the port of https',
      [
        station('a', push(8443)),
        station('b', push(9001)),
        { dashboard: { https: { certificate: 'c', key: 'k' } } },
      ],
      /^stations\.0\.camera\.port: .*https listens on 8443/,
    ],
    [
      'one port for http and https',
      [
        station('a', push(9001)),
        station('b', push(9002)),
        { dashboard: { port: 8443, https: { host: '0.0.0.0', certificate: 'c', key: 'k' } } },
      ],
      /^dashboard\.https\.port: .*the dashboard listens on 8443/,
    ],
    [
      'the port of a reader',
      [
        station('a', push(9001), reads('h')),
        station('b', push(9002)),
        { readers: [{ id: 'h', adapter: 'http-reads', port: 9002 }] },
      ],
      /^readers\.0\.port: .*station b/,
    ],
    [
      'registers of a PLC',
      [station('a', push(9001), { reject: plc(0) }), station('b', push(9002), { reject: plc(15) })],
      /^stations\.1\.reject\.baseRegister: 16 registers of its own: those of station a begin at 0 of plc:502 unit 1/,
    ],
    [
      'registers of a PLC under two names of this machine',
      [
        station('a', push(9001), { reject: { ...plc(0), host: 'localhost' } }),
        station('b', push(9002), { reject: { ...plc(8), host: '127.0.0.1' } }),
      ],
      /^stations\.1\.reject\.baseRegister: 16 registers of its own: those of station a/,
    ],
    [
      'registers of a PLC written in two ways',
      [
        station('a', push(9001), { reject: { ...plc(0), host: 'PLC.plant.example.' } }),
        station('b', push(9002), { reject: { ...plc(8), host: 'plc.plant.example' } }),
      ],
      /^stations\.1\.reject\.baseRegister: /,
    ],
    [
      'a port under two names of this machine',
      [station('a', push(9001, 'localhost')), station('b', push(9001))],
      /^stations\.1\.camera\.port: .*station a listens on 9001/,
    ],
    [
      'a tag reader',
      [
        station('a', push(9001), reads('x')),
        station('b', push(9002), reads('y')),
        { readers: ['x', 'y'].map((id) => ({ id, adapter: 'llrp', host: 'rfid' })) },
      ],
      /^readers\.1: .*reader x reads rfid:5084/,
    ],
  ] as [string, [object, object, object?], RegExp][])('%s', (_, line, message) => {
    expect(issues(...line)).toEqual([expect.stringMatching(message)])
  })

  it.each([
    [
      'blocks side by side, and another unit',
      [station('a', push(9001), { reject: plc(0) }), station('b', push(9002), { reject: plc(16) })],
    ],
    [
      'other units',
      [station('a', push(9001), { reject: plc(0) }), station('b', push(9002), { reject: plc(0, 2) })],
    ],
    [
      'two programs of this machine at addresses of their own',
      [
        station('a', push(9001, '127.0.0.1'), { reject: { ...plc(0), host: '127.0.0.1' } }),
        station('b', push(9001, '127.0.0.2'), { reject: { ...plc(0), host: '127.0.0.2' } }),
      ],
    ],
    ['free ports', [station('a', push(0)), station('b', push(0))]],
    [
      'the same port on two addresses',
      [station('a', push(9001, '10.0.0.1')), station('b', push(9001, '10.0.0.2'))],
    ],
  ] as [string, [object, object]][])('%s may stand', (_, line) => expect(issues(...line)).toEqual([]))
})

it('counts the registers of the map', () => expect(PC_OFFSET + PC_WORDS).toBe(16))
