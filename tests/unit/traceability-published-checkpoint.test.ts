import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { proofModes } from '../../bin/line/proof.ts'
import { type ErrorFact, type LineSpec, proofSchema } from '../../contracts/index.ts'
import {
  keptCheckpoints,
  LogWriter,
  openLogKey,
  openSql,
  parseCheckpoint,
  proofOfPart,
  startLogProof,
  verifyDataDir,
} from '../../traceability/index.ts'
import { capture, ORIGIN, signNow, temporary } from './samples/signed-log.ts'

const base = temporary()
let dir: string
beforeAll(async () => {
  for (const from of [1, 6, 11]) {
    await capture(base.dir, from, from + 4)
    await signNow(base.dir)
  }
})
beforeEach(() => {
  dir = base.copy()
})
afterAll(() => base.dispose())

const inLog = (name: string): string => join(dir, 'log', name)
const published = (): string => readFileSync(inLog('checkpoint'), 'utf8')
const notes = (): string[] => [...keptCheckpoints(dir).read()].map((kept) => kept?.note ?? '')
const setAside = (): string[] => readdirSync(join(dir, 'log')).filter((name) => /\.damaged-/.test(name))
const findings = async (): Promise<string[]> =>
  (await verifyDataDir(dir, { images: false })).findings.map((f) => `${f.kind}: ${f.detail}`)

/** A letter of the signature. */
function flip(): Buffer {
  const bytes = readFileSync(inLog('checkpoint'))
  const at = bytes.length - 20
  bytes.write(bytes.toString('latin1', at, at + 1) === 'A' ? 'B' : 'A', at, 'latin1')
  writeFileSync(inLog('checkpoint'), bytes)
  return bytes
}

describe('the file checkpoint', () => {
  it('that was damaged is said, kept aside and written again; verify says it before and afterwards', async () => {
    const right = published()
    const damaged = flip()
    expect(await findings()).toEqual([expect.stringMatching(/^checkpoint: checkpoint: .*not signed by/)])
    const said = await signNow(dir)
    expect(said.map((e) => e.code)).toEqual(['TRC_CHECKPOINT'])
    const [aside = ''] = setAside()
    expect(said[0]?.message).toContain(aside)
    expect(readFileSync(inLog(aside)).equals(damaged)).toBe(true)
    expect(published()).toBe(right)
    expect(await findings()).toEqual([
      expect.stringMatching(/^checkpoint: checkpoint\.damaged-.*in place of its checkpoint.*not signed by/),
    ])
    expect(await signNow(dir)).toEqual([])
    rmSync(inLog(aside))
    expect(await findings()).toEqual([])
  })

  it.each([
    ['no note at all', () => writeFileSync(inLog('checkpoint'), 'nothing\0'), 1],
    ['a folder', () => (rmSync(inLog('checkpoint')), mkdirSync(inLog('checkpoint'))), 1],
    ['a file that was removed', () => rmSync(inLog('checkpoint')), 0],
  ])('%s is said and written again', async (_what, damage, kept) => {
    const right = published()
    damage()
    expect(await findings()).toEqual([expect.stringMatching(/^checkpoint: checkpoint: /)])
    expect((await signNow(dir)).map((e) => e.code)).toEqual(['TRC_CHECKPOINT'])
    expect(published()).toBe(right)
    expect(setAside()).toHaveLength(kept)
  })

  it.each([
    ['the checkpoints', ['checkpoint', 'checkpoints.jsonl']],
    ['all of it', ['']],
  ])('a log that lost %s is not begun anew without a word', async (_what, gone) => {
    for (const name of gone) rmSync(inLog(name), { recursive: true })
    const said = await signNow(dir)
    expect(said.map((e) => [e.code, e.detail.file])).toEqual([['TRC_CHECKPOINT', join(dir, 'log')]])
    expect(said[0]?.message).toMatch(/over \d+ events on record; found none/)
    expect(await signNow(dir)).toEqual([])
  })

  it('is looked at before a running line writes the next one', async () => {
    const signer = openLogKey({ dataDir: dir, keyFile: null, origin: ORIGIN, fallback: ORIGIN })
    const db = openSql(join(dir, 'trace.db'), { synchronous: 'normal', readOnly: true })
    const said: string[] = []
    const o = { db, dataDir: dir, signer, entries: true }
    const writer = new LogWriter({ ...o, onSetAside: (why) => said.push(why.message) })
    try {
      const damaged = flip()
      await capture(dir, 16, 16)
      await writer.sign()
      expect(said).toEqual([expect.stringMatching(/^TRC_CHECKPOINT: /)])
      const [aside = ''] = setAside()
      expect(readFileSync(inLog(aside)).equals(damaged)).toBe(true)
      expect(published()).toBe(notes().at(-1))
      // An old one, well signed: nothing was lost, and somebody put it there.
      writeFileSync(inLog('checkpoint'), notes()[0] ?? '')
      await capture(dir, 17, 17)
      await writer.sign()
      expect(said).toHaveLength(2)
      expect(await findings()).toEqual([
        expect.stringMatching(/checkpoint\.damaged-.*not signed by/),
        expect.stringMatching(/checkpoint\.damaged-.*older one/),
      ])
    } finally {
      db.close()
    }
  })

  it('may be the one before the last line, or be missing behind the first, after a crash', async () => {
    writeFileSync(inLog('checkpoint'), notes()[1] ?? '')
    expect(await findings()).toEqual([])
    expect(await signNow(dir)).toEqual([])
    expect(published()).toBe(notes().at(-1))

    const [first] = readFileSync(inLog('checkpoints.jsonl'), 'utf8').split('\n')
    writeFileSync(inLog('checkpoints.jsonl'), `${first}\n`)
    rmSync(inLog('checkpoint'))
    expect(await findings()).toEqual([])
    expect(await signNow(dir)).toEqual([])
  })

  it('older than that was put there, and is told', async () => {
    writeFileSync(inLog('checkpoint'), notes()[0] ?? '')
    const [first = 0, , last = 0] = notes().map((note) => parseCheckpoint(note).size)
    expect(await findings()).toEqual([
      `checkpoint: checkpoint: an older one, over ${first} events, and checkpoints.jsonl ends at ${last}`,
    ])
  })

  it('that goes further than the lines is evidence that they were cut: nothing more is signed, nothing replaced', async () => {
    const right = published()
    const lines = readFileSync(inLog('checkpoints.jsonl'), 'utf8').split('\n')
    const { size } = parseCheckpoint(right)
    for (const kept of [lines.slice(0, 2), []]) {
      writeFileSync(inLog('checkpoints.jsonl'), kept.map((line) => `${line}\n`).join(''))
      expect(await findings()).toContainEqual(
        expect.stringMatching(new RegExp(`^checkpoint: checkpoint: over ${size} events, and .* ends at`)),
      )
      await expect(signNow(dir)).rejects.toMatchObject({ code: 'TRC_PROOF' })
      expect(published()).toBe(right)
    }
  })

  it('a last line that cannot be read is not gone on from as if nothing had been signed', async () => {
    const file = inLog('checkpoints.jsonl')
    writeFileSync(file, readFileSync(file, 'utf8').replace(/\{([^{]*)$/, '[$1'))
    const before = readFileSync(file, 'utf8')
    await capture(dir, 16, 16)
    await expect(signNow(dir)).rejects.toMatchObject({ code: 'TRC_PROOF' })
    expect(readFileSync(file, 'utf8')).toBe(before)
  })
})

it('a line of checkpoints.jsonl that was damaged does not keep a part from being proven by the others', async () => {
  const file = inLog('checkpoints.jsonl')
  const [, second = '', third = ''] = readFileSync(file, 'utf8').split('\n')
  for (const damaged of ['{"at":"x","note":"nothing"}', '{"at":"x"}', '{"note":7}', '[1', 'null']) {
    writeFileSync(file, `${damaged}\n${second}\n${third}\n`)
    const proof = await proofOfPart(dir, 'S1')
    expect(proof?.events.every((e) => e.proven)).toBe(true)
    expect(proof?.events.length).toBeGreaterThan(0)
  }
})

it('a line whose checkpoint was damaged says so in its log and as a degraded mode, and goes on signing', async () => {
  flip()
  const said: ErrorFact[] = []
  await capture(dir, 16, 16)
  const proof = await startLogProof({
    dataDir: dir,
    spec: proofSchema.parse({ everyMs: 1 }),
    fallbackOrigin: ORIGIN,
    onAlarm: (fact) => said.push(fact),
  })
  await proof.close()
  expect(said.map((fact) => fact.code)).toEqual(['TRC_CHECKPOINT'])
  expect(proofModes({ proof: { origin: ORIGIN } } as LineSpec, proof)).toEqual([
    {
      id: 'proof-checkpoint',
      text: {
        en: expect.stringMatching(/^TRC_CHECKPOINT: .*kept as checkpoint\.damaged-/),
        zh: expect.stringMatching(/^TRC_CHECKPOINT:日志的检查点文件/),
      },
    },
  ])
  expect(proof.state()).toMatchObject({ fault: null, size: parseCheckpoint(published()).size })
})

it('a line in the directory of another one says so, unless the line file names that log', async () => {
  const proof = await startLogProof({
    dataDir: dir,
    spec: proofSchema.parse({}),
    fallbackOrigin: 'sightline/p/copied',
    onAlarm: () => undefined,
  })
  await proof.close()
  const { origin } = proof.state()
  expect(origin).toBe(ORIGIN)
  const copied = { plant: 'p', line: 'copied', proof: {} } as LineSpec
  expect(proofModes(copied, proof)).toEqual([
    {
      id: 'other-line',
      text: {
        en: expect.stringContaining(`begun by ${ORIGIN}, this line is sightline/p/copied`),
        zh: expect.stringContaining(`由 ${ORIGIN} 建立`),
      },
    },
  ])
  expect(proofModes({ ...copied, proof: { origin } } as LineSpec, proof)).toEqual([])
})
