import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { CodedError, TriggerBalance } from '../../contracts/index.ts'
import { openPartStore, openSql } from '../../traceability/index.ts'
import { formatLine, parseLine } from '../../traceability/store/spool-line.ts'
import { at, context, failVerdict, RECIPE, request } from './samples/traceability-requests.ts'

const base = mkdtempSync(join(tmpdir(), 'sightline-spool-damage-'))
let dataDir = join(base, 'first')
/** The one spool file, and the data directory of each test a copy of the first. */
let file = ''
let copies = 0
beforeAll(async () => {
  file = await spooled()
}, 30_000)
beforeEach(() => {
  const copy = join(base, `copy-${++copies}`)
  cpSync(join(base, 'first'), copy, { recursive: true })
  dataDir = copy
})
afterAll(() => rmSync(base, { recursive: true, force: true }))

const inSpool = (name: string): string => join(dataDir, 'spool', name)
const files = (end: string): string[] => readdirSync(join(dataDir, 'spool')).filter((f) => f.endsWith(end))
const rejected = (): { reason: string; line: string; base64?: string }[] =>
  readFileSync(inSpool('rejected.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { reason: string; line: string })

/** Three announced triggers whose records stay in the spool: another program holds the database. */
async function spooled(): Promise<string> {
  const store = await openPartStore({ dataDir, spoolAfterMs: 50, drainEveryMs: 60_000 })
  for (const trigger of [1, 2, 3]) await store.openTrigger({ station: 'st10', trigger, at: at(trigger) })
  const other = openSql(join(dataDir, 'trace.db'), { synchronous: 'full' })
  other.exec('begin immediate')
  for (const n of [1, 2, 3]) await store.capture(request(n, failVerdict()))
  await vi.waitFor(() => expect(store.health().queued).toBe(0), { timeout: 15_000 })
  await store.close()
  other.exec('rollback')
  other.close()
  const [name = ''] = files('.jsonl')
  expect(readFileSync(inSpool(name), 'utf8').trim().split('\n')).toHaveLength(3)
  return name
}

/** The next start: what it says, and how the triggers stand once it closed what was interrupted. */
async function nextStart(): Promise<{ said: CodedError[]; balance: TriggerBalance | undefined }> {
  const said: CodedError[] = []
  const store = await openPartStore({ dataDir, onAlarm: (e) => said.push(e) })
  await store.closeInterrupted('st10', { trigger: 4, attempt: 1 }, RECIPE, context)
  const [balance] = await store.balance()
  expect(store.health()).toMatchObject({ spooled: 0 })
  await store.close()
  return { said, balance }
}

const lineBytes = (): Buffer[] =>
  readFileSync(inSpool(file))
    .toString('latin1')
    .split('\n')
    .map((line) => Buffer.from(line, 'latin1'))

/** Changes a line of the spool file byte by byte. */
function alter(line: number, change: (line: Buffer) => Buffer): void {
  const lines = lineBytes()
  lines[line] = change(lines[line] ?? Buffer.alloc(0))
  writeFileSync(inSpool(file), lines.map((l) => l.toString('latin1')).join('\n'), 'latin1')
}

const ONE_LOST = { station: 'st10', triggers: 3, verdicts: 2, noVerdicts: 1, open: 0, closed: true }
const ALL = { station: 'st10', triggers: 3, verdicts: 3, noVerdicts: 0, open: 0, closed: true }

describe('a spooled record that was damaged on disk', () => {
  it('is not taken: it is kept aside and said, and its trigger is closed', async () => {
    // One bit: a score of 0.93 becomes 0.92.
    alter(1, (line) => {
      const place = line.indexOf('0.93') + 3
      line.writeUInt8(line.readUInt8(place) ^ 1, place)
      return line
    })
    const { said, balance } = await nextStart()
    expect(said.map((e) => e.code)).toEqual(['TRC_SPOOL'])
    expect(said[0]?.message).toMatch(
      /expected the checksum [0-9a-f]{8}; found [0-9a-f]{8}; .*rejected\.jsonl/,
    )
    expect(balance).toEqual(ONE_LOST)
    expect(rejected()).toEqual([
      { reason: expect.stringMatching(/^TRC_SPOOL/), line: expect.stringContaining('"score":0.92') },
    ])
    // The image stays with it, also at the starts after this one.
    expect(files('.img')).toHaveLength(1)
    expect((await nextStart()).said).toEqual([])
    expect(files('.img')).toHaveLength(1)
  })

  it.each([
    ['is no text any more', (line: Buffer) => (line.writeUInt8(0xff, 40), line)],
    ['has lost its checksum', (line: Buffer) => Buffer.from(line.toString().replace('crc32":"', 'crc3":"'))],
    ['has lost its beginning', (line: Buffer) => line.subarray(30)],
  ])('and %s is kept as it was', async (_what, change) => {
    alter(1, change)
    const damaged = lineBytes()[1] ?? Buffer.alloc(0)
    const { said, balance } = await nextStart()
    expect(said.map((e) => e.code)).toEqual(['TRC_SPOOL'])
    expect(balance).toEqual(ONE_LOST)
    const [kept] = rejected()
    const bytes =
      kept?.base64 === undefined ? Buffer.from(kept?.line ?? '') : Buffer.from(kept.base64, 'base64')
    expect(bytes.equals(damaged)).toBe(true)
    // Whose image it was cannot be told from every such line.
    expect(files('.img')).toHaveLength(1)
  })

  it('in its image alone is stored without it', async () => {
    const [image = ''] = files('.img').sort()
    writeFileSync(inSpool(image), Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 0x81))
    const { said, balance } = await nextStart()
    expect(said.map((e) => e.message)).toEqual([
      expect.stringMatching(/^TRC_SPOOL.*\.img.*of the image.*stored without/),
    ])
    expect(balance).toEqual(ALL)
    expect(files('.img')).toEqual([image])
    expect(rejected()).toEqual([
      { reason: expect.stringMatching(/of the image/), line: expect.stringContaining(image) },
    ])
    expect((await nextStart()).said).toEqual([])
    expect(files('.img')).toEqual([image])
  })

  it.each([
    ['is gone', (image: string) => rmSync(image)],
    ['cannot be read', (image: string) => (rmSync(image), mkdirSync(image))],
  ])('and whose image %s keeps its verdict', async (_what, spoil) => {
    const [image = ''] = files('.img').sort()
    spoil(inSpool(image))
    const { said, balance } = await nextStart()
    expect(said.map((e) => e.message)).toEqual([
      expect.stringMatching(/^TRC_SPOOL.*\.img.*the image of the record.*stored without/),
    ])
    expect(balance).toEqual(ALL)
    expect(rejected()).toEqual([
      { reason: expect.stringMatching(/the image of the record/), line: expect.stringContaining(image) },
    ])
    expect((await nextStart()).said).toEqual([])
  })

  it('is whole when only the end of the line is gone', async () => {
    writeFileSync(inSpool(file), readFileSync(inSpool(file)).subarray(0, -1))
    expect(await nextStart()).toEqual({ said: [], balance: ALL })
    expect(files('')).toEqual([])
  })

  it('is said when it was cut off', async () => {
    writeFileSync(inSpool(file), readFileSync(inSpool(file)).subarray(0, -30))
    const { said, balance } = await nextStart()
    expect(said.map((e) => e.message)).toEqual([expect.stringMatching(/^TRC_SPOOL.*cut off by a crash/)])
    expect(balance).toEqual(ONE_LOST)
    expect(files('.img')).toHaveLength(1)
  })

  it('is read without a checksum from a version that wrote none', async () => {
    for (const line of [0, 1, 2])
      alter(line, (bytes) => {
        const { entry, image } = JSON.parse(bytes.toString()) as { entry: unknown; image: string }
        return Buffer.from(JSON.stringify({ entry, image }))
      })
    expect(await nextStart()).toEqual({ said: [], balance: ALL })
  })
})

it('any bit of a line that is flipped is found', () => {
  const { image: _image, ...record } = request(1, failVerdict())
  const text = formatLine({ entry: { op: 'capture', ask: { record, image: null } }, image: 'a.img' })
  const line = Buffer.from(text.trimEnd())
  expect(parseLine(line)).toMatchObject({ image: 'a.img', entry: { ask: { record: { trigger: 1 } } } })
  for (let bit = 0; bit < line.length * 8; bit++) {
    const flipped = Buffer.from(line)
    flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    expect(() => parseLine(flipped), `bit ${bit}`).toThrow(/^TRC_SPOOL/)
  }
})
