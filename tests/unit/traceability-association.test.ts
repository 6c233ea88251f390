import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  type ArrivedPart,
  type AssociationSpec,
  associationSchema,
  type IdentityRead,
  monoMs,
} from '../../contracts/index.ts'
import { identify, StationReads, type StrayRead } from '../../traceability/index.ts'

const read = (more: Partial<IdentityRead>): IdentityRead => ({
  source: 'gate',
  text: 'SN-7',
  symbologyId: '',
  atMs: monoMs(),
  antenna: null,
  rssiDbm: null,
  count: 1,
  trigger: null,
  position: null,
  ...more,
})
const part = (trigger: number, more: Partial<ArrivedPart> = {}): ArrivedPart => ({
  trigger,
  attempt: 1,
  triggeredAtMs: monoMs(),
  encoder: null,
  ...more,
})

function station(association: object[], away: string | null = null) {
  const strays: StrayRead[] = []
  const reads = new StationReads({
    association: association.map((a): AssociationSpec => associationSchema.parse(a)),
    budgetMs: 200,
    lagMs: () => 20,
    away: () => away,
    stray: (s) => strays.push(s),
  })
  return { reads, strays }
}
const soon = (): number => monoMs() + 150
const texts = async (asked: Promise<{ reads: { text: string }[] }>): Promise<string[]> =>
  (await asked).reads.map((r) => r.text)

const byTrigger = { reader: 'gate', by: 'trigger' }
const byTime = { reader: 'gate', by: 'time', offsetMs: -200, toleranceMs: 40, spacingMs: 100 }
const byEncoder = {
  reader: 'gate',
  by: 'encoder',
  offset: -200,
  tolerance: 40,
  spacing: 100,
  modulus: 4_096,
}

afterEach(() => void vi.useRealTimers())

describe('reads beside a station', () => {
  it.each([
    ['trigger', byTrigger, { trigger: 7 }, {}],
    ['time', byTime, { atMs: 1_000 }, { triggeredAtMs: 1_210 }],
    ['encoder', byEncoder, { position: 4_000 }, { encoder: 110 }],
  ])('find their part by %s, and no other', async (by, spec, at, here) => {
    const { reads } = station([spec])
    reads.read(read(at))
    const own = await reads.arrived(part(7, here)).decide(soon())
    expect(own).toMatchObject({
      problem: null,
      reads: [{ tool: 'reader:gate', text: 'SN-7', associatedBy: by }],
    })
    const next = await reads.arrived(part(8, { encoder: 4_000, triggeredAtMs: 1_500 })).decide(monoMs())
    expect(next).toMatchObject({ reads: [], problem: { noVerdict: { reason: 'identity' } } })
    expect(next.problem?.noVerdict.message).toContain('a read of gate; found none')
  })

  it('find their part on every turn of the encoder, and two at one place are told on every turn', async () => {
    const { reads, strays } = station([byEncoder])
    const PITCH = 130
    let held = 0
    for (let n = 1; n <= 200; n++) {
      const encoder = (n * PITCH) % 4_096
      reads.read(read({ text: `SN-${n}`, position: (encoder + 4_096 - 200) % 4_096 }))
      const { reads: own, problem } = await reads.arrived(part(n, { encoder })).decide(soon())
      if (problem !== null || own[0]?.text !== `SN-${n}`) held += 1
    }
    expect([held, strays]).toEqual([0, []])
    const twice = await reads.arrived(part(201, { encoder: (200 * PITCH + 5) % 4_096 })).decide(soon())
    expect(twice.problem?.noVerdict.message).toContain('5 behind trigger 200')
    // Back by a jitter of the encoder, which is no turn.
    const thrice = await reads.arrived(part(202, { encoder: (200 * PITCH + 3) % 4_096 })).decide(soon())
    expect(thrice.problem?.noVerdict.message).toContain('behind trigger 200')
  })

  it('are waited for, as long as the station can wait', async () => {
    const { reads } = station([byTrigger])
    const asked = reads.arrived(part(7)).decide(soon())
    setTimeout(() => reads.read(read({ trigger: 7 })), 20)
    expect(await texts(asked)).toEqual(['SN-7'])
    // By a clock that stands still meanwhile, however busy the machine is.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    let missing: Awaited<typeof asked> | null = null
    void reads
      .arrived(part(8))
      .decide(soon())
      .then((m) => (missing = m))
    await vi.advanceTimersByTimeAsync(80)
    expect(missing).toBeNull()
    await vi.advanceTimersByTimeAsync(68)
    expect(missing).toMatchObject({ problem: { text: { zh: '工件没有对应的读码结果' } } })
  })

  it('hold a part with two codes, and say so when a second one comes late, but not when it is the same', async () => {
    const { reads, strays } = station([byTrigger])
    reads.read(read({ trigger: 7 }))
    reads.read(read({ trigger: 7, text: 'SN-8' }))
    const two = await reads.arrived(part(7)).decide(soon())
    expect(two.problem?.noVerdict.message).toContain('SN-7 and SN-8')
    expect(two.reads).toHaveLength(2)
    reads.read(read({ trigger: 8 }))
    expect((await reads.arrived(part(8)).decide(soon())).problem).toBeNull()
    reads.read(read({ trigger: 8 }))
    expect(strays).toEqual([])
    reads.read(read({ trigger: 8, text: 'SN-9' }))
    expect(strays).toMatchObject([{ reason: 'late', text: 'SN-9', part: { trigger: 8, attempt: 1 } }])
  })

  it('that no part came for, or that do not say where they were taken, are told', async () => {
    const { reads, strays } = station([byTrigger])
    reads.read(read({ trigger: 5 }))
    reads.read(read({}))
    await reads.arrived(part(7)).decide(monoMs())
    reads.read(read({ trigger: 9_000 }))
    expect(strays.map((s) => [s.reason, s.part])).toEqual([
      ['unplaced', null],
      ['unclaimed', null],
      ['unplaced', null],
    ])
  })

  it("of another count are nobody's when the trigger counter begins anew", async () => {
    const { reads, strays } = station([byTrigger])
    await reads.arrived(part(7)).decide(monoMs())
    reads.read(read({ trigger: 8, text: 'OLD' }))
    const first = reads.arrived(part(1, { attempt: 99 })).decide(soon())
    reads.read(read({ trigger: 1, text: 'NEW' }))
    expect(await texts(first)).toEqual(['NEW'])
    const eighth = await reads.arrived(part(8, { attempt: 99 })).decide(monoMs())
    expect(eighth.reads).toEqual([])
    expect(strays).toMatchObject([{ reason: 'unclaimed', text: 'OLD' }])
  })

  it('that failed are kept as such; a reader that is away is named; what is not required holds nothing', async () => {
    const { reads } = station([byTrigger], 'no connection')
    reads.read(read({ trigger: 7, text: '' }))
    const failed = await reads.arrived(part(7)).decide(soon())
    expect(failed.reads).toMatchObject([{ ok: false, text: '', error: 'the reader read nothing' }])
    expect(failed.problem?.noVerdict.message).toMatch(/found a failed read; gate is away: no connection/)
    const maybe = station([{ ...byTrigger, required: false }]).reads
    expect(await maybe.arrived(part(7)).decide(monoMs())).toEqual({ reads: [], problem: null })
  })

  it('of parts that follow too closely are kept and name nobody', async () => {
    const { reads } = station([byTime])
    reads.read(read({ atMs: 800 }))
    reads.read(read({ atMs: 870, text: 'SN-8' }))
    await reads.arrived(part(7, { triggeredAtMs: 1_000 })).decide(soon())
    const close = await reads.arrived(part(8, { triggeredAtMs: 1_080 })).decide(soon())
    expect(close.problem?.noVerdict.message).toContain('parts at least 100 apart')
    expect(close.reads).toMatchObject([{ text: 'SN-8', ok: false }])
    expect(identify(close.reads, { id: 'p' }, 'optional').uri).toBeNull()
  })

  it('by hand are those since the trigger before', async () => {
    const { reads, strays } = station([{ reader: 'gate', by: 'manual', withinMs: 1_000 }])
    reads.read(read({ atMs: 5_000 }))
    reads.read(read({ atMs: 8_900, text: 'SN-8' }))
    expect(await texts(reads.arrived(part(1, { triggeredAtMs: 9_000 })).decide(soon()))).toEqual(['SN-8'])
    expect(strays).toMatchObject([{ reason: 'unclaimed', text: 'SN-7' }])
    const none = await reads.arrived(part(2, { triggeredAtMs: 9_500 })).decide(soon())
    expect(none.problem?.noVerdict.message).toContain('scan the part, then trigger')
    for (const text of ['A', 'B']) reads.read(read({ atMs: 9_600, text }))
    const two = await reads.arrived(part(3, { triggeredAtMs: 9_700 })).decide(soon())
    expect(two.problem?.noVerdict.message).toContain('A and B')
  })

  it('by hand that come after the trigger they were made for are late, and name nobody behind it', async () => {
    const { reads, strays } = station([{ reader: 'gate', by: 'manual', withinMs: 10_000 }])
    const none = await reads.arrived(part(1, { triggeredAtMs: 9_000 })).decide(soon())
    expect(none).toMatchObject({ reads: [], problem: { noVerdict: { reason: 'identity' } } })
    // As of an upload that stalls, or a tag whose pass is over later.
    reads.read(read({ atMs: 8_900, text: 'SN-1' }))
    expect(strays).toMatchObject([{ reason: 'late', text: 'SN-1', part: { trigger: 1, attempt: 1 } }])
    const next = await reads.arrived(part(2, { triggeredAtMs: 9_500 })).decide(soon())
    expect(next).toMatchObject({ reads: [], problem: { noVerdict: { reason: 'identity' } } })
  })

  it.each([
    ['by time', byTime, { atMs: 800 }],
    ['by hand', { reader: 'gate', by: 'manual', withinMs: 1_000 }, { atMs: 800 }],
  ])(
    '%s name no part that only the count knows of, when one is noticed with the part behind it',
    async (_by, spec, at) => {
      const { reads } = station([spec])
      reads.read(read(at))
      const asked = [part(7, { triggeredAtMs: 1_000, unseen: true }), part(8, { triggeredAtMs: 1_000 })].map(
        (p) => reads.arrived(p).decide(soon()),
      )
      const [lost, seen] = await Promise.all(asked)
      expect(lost?.reads.filter((r) => r.ok)).toEqual([])
      // Whoever scanned may have scanned the lost part.
      if (spec === byTime) expect(seen).toMatchObject({ problem: null, reads: [{ text: 'SN-7' }] })
      else expect(seen?.problem?.noVerdict.message).toContain('scan the part, then trigger')
    },
  )

  it.each([
    ['that counts on', undefined],
    ['that overflows', 400_000],
  ])("of an earlier count are nobody's when an encoder %s begins anew", async (_name, modulus) => {
    const { reads, strays } = station([{ ...byEncoder, modulus }])
    reads.read(read({ position: 90_000, text: 'OLD' }))
    reads.read(read({ position: 50, text: 'NEW' }))
    const first = reads.arrived(part(1, { encoder: 250 })).decide(soon())
    expect(await texts(first)).toEqual(['NEW'])
    expect(strays).toMatchObject([{ reason: 'unclaimed', text: 'OLD' }])
    const later = await reads.arrived(part(2, { encoder: 90_200 })).decide(monoMs())
    expect(later).toMatchObject({ reads: [], problem: { noVerdict: { reason: 'identity' } } })
  })

  it('wait for parts whose frames come late, however many passed the reader meanwhile', async () => {
    const { reads, strays } = station([{ ...byEncoder, modulus: undefined }])
    const places = Array.from({ length: 300 }, (_, n) => 1_000 + n * 200)
    reads.read(read({ position: 600, text: 'SN-800' }))
    expect(await texts(reads.arrived(part(0, { encoder: 800 })).decide(soon()))).toEqual(['SN-800'])
    for (const position of places) reads.read(read({ position: position - 200, text: `SN-${position}` }))
    for (const [n, encoder] of places.entries())
      expect(await texts(reads.arrived(part(n + 1, { encoder })).decide(soon()))).toEqual([`SN-${encoder}`])
    expect(strays).toEqual([])
  })
})

describe('parts from the station before', () => {
  const line = () => {
    const up = station([byTrigger]).reads
    const down = station([{ by: 'fifo', from: 'st10', minMs: 50, maxMs: 100 }]).reads
    for (const section of down.upstream) up.feeds(down, section)
    return { up, down }
  }
  const code = { tool: 'dm', ok: true, symbology: '', symbologyId: ']d2', text: 'SN-1', corners: [] }

  it('are known by the codes they had there, also when these are known later', async () => {
    const { up, down } = line()
    const at = monoMs()
    const before = up.arrived(part(1, { triggeredAtMs: at - 70 }))
    const asked = down.arrived(part(900, { triggeredAtMs: at })).decide(soon())
    setTimeout(() => before.named([code]), 20)
    expect(await asked).toMatchObject({
      problem: null,
      reads: [{ tool: 'station:st10', text: 'SN-1', symbologyId: ']d2', associatedBy: 'fifo' }],
    })
  })

  it('leave their codes to the part behind when only the count says that they came', async () => {
    const { up, down } = line()
    const at = monoMs()
    up.arrived(part(2, { triggeredAtMs: at - 70 })).named([code])
    const lost = await down.arrived(part(900, { triggeredAtMs: at, unseen: true })).decide(soon())
    expect(lost.reads).toEqual([])
    expect(await texts(down.arrived(part(901, { triggeredAtMs: at })).decide(soon()))).toEqual(['SN-1'])
  })

  it('are held when nobody could name them, when two can have come, and when none was on the way', async () => {
    const { up, down } = line()
    const at = monoMs()
    up.arrived(part(1, { triggeredAtMs: at - 300 })).named([])
    const nobody = await down.arrived(part(900, { triggeredAtMs: at - 230 })).decide(soon())
    expect(nobody.problem?.noVerdict.message).toContain('a read upstream')
    up.arrived(part(2, { triggeredAtMs: at - 90 })).named([code])
    up.arrived(part(3, { triggeredAtMs: at - 60 })).named([{ ...code, text: 'SN-2' }])
    const two = await down.arrived(part(901, { triggeredAtMs: at })).decide(soon())
    expect(two.problem?.noVerdict.message).toContain('one part that can have arrived; found 2')
    const none = await down.arrived(part(902, { triggeredAtMs: at + 5_000 })).decide(monoMs())
    expect(none.problem?.noVerdict.message).toContain('none on the way')
  })
})

describe('an association of the line file', () => {
  it('is refused when an option is unknown or places overlap', () => {
    const ok = (spec: object): boolean => associationSchema.safeParse(spec).success
    expect(ok({ ...byTime, windowMs: 3 })).toBe(false)
    expect(ok({ ...byTime, toleranceMs: 50 })).toBe(false)
    expect(ok({ ...byEncoder, tolerance: 50 })).toBe(false)
    expect(ok({ by: 'fifo', from: 'st10', minMs: 500, maxMs: 900 })).toBe(true)
    expect(ok({ by: 'fifo', from: 'st10', minMs: 500, maxMs: 500 })).toBe(false)
  })
})
