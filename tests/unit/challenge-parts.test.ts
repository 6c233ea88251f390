import { describe, expect, it } from 'vitest'
import { Challenges } from '../../bin/life/challenges.ts'
import { challengeParts, checkChallenge } from '../../bin/line/challenge-parts.ts'
import { partIdentity } from '../../bin/line/part-identity.ts'
import {
  type ChallengeJudged,
  challengeSchema,
  EVENT_DATA,
  type LineSpec,
  type PartStore,
  type QEvent,
  type Recipe,
  type StationSpec,
  type Verdict,
} from '../../contracts/index.ts'
import { checkNaming, type LoadedRecipe, StationEngine } from '../../inspection/index.ts'
import type { LifeAlarm } from '../../models/index.ts'
import type { HoldBoard, NewestInspection } from '../../traceability/index.ts'
import { Diary, frame, inspectorOf, outcome, recipe as blank, sourceOf } from './samples/station-ports.ts'
import { gs1Code, plainCode } from './samples/traceability-requests.ts'

const SHA = 'a'.repeat(64)
const noHolds = {
  over: () => Promise.resolve(null),
  stopped: () => undefined,
} as unknown as HoldBoard
const START = '2026-03-02T06:00:00.000Z'
const spec = { plant: 'p', line: 'l' } as LineSpec

function loaded(challenge: object, version = 1, sha256 = SHA): LoadedRecipe {
  const recipe = {
    recipe: 'cap',
    version,
    product: { id: 'cap', revision: 'A', gtin: '09506000134352' },
    identity: 'required',
    tools: [{ use: 'code@1', id: 'dm', identity: true }],
    challenge: challengeSchema.parse(challenge),
  } as unknown as Recipe
  return { id: `cap@${version}`, sha256, recipe, dir: '', file: 'cap.recipe.yaml', released: false }
}

const parts = [{ code: 'NG-1', expect: 'fail', classes: ['short'] }] as const

/** A board for one station, what it wrote and which alarms it raised. */
function board(
  recipe: LoadedRecipe,
  told: (subject: string) => object | null = () => null,
  since = START,
  recorded: (unit: string, station: string) => NewestInspection | null = () => null,
  /** Of what was told, behind the activation at 10. */
  position = 20,
) {
  const events: QEvent<ChallengeJudged>[] = []
  const alarms: LifeAlarm[] = []
  const active = new Map([['s1', recipe]])
  const challenges = new Challenges({
    spec,
    active,
    since: () => ({ n: 2, position: 10, at: since }),
    newest: (subject) => {
      const event = told(subject) as QEvent<ChallengeJudged> | null
      return event && { position, event }
    },
    recorded,
    store: {
      emit: (event: QEvent<ChallengeJudged>) => Promise.resolve(void events.push(event)),
    } as unknown as PartStore,
    raise: (alarm) => Promise.resolve(void alarms.push(alarm)),
  })
  const show = (verdict: Verdict, uri = 'NG-1') =>
    challenges.of('s1', recipe.recipe, 7, uriOf(recipe, uri))?.(verdict)
  return { challenges, events, alarms, active, show, held: () => challenges.holds('s1', recipe.recipe)?.en }
}

const uriOf = ({ recipe }: LoadedRecipe, code: string): string =>
  [...challengeParts(recipe)].find(([, part]) => part.code === code)?.[0] ?? code

function verdict(result: 'pass' | 'fail' | 'inconclusive', classes: string[] = []): Verdict {
  const findings = classes.map((c, n) => ({ id: `f${n}`, class: c }))
  return {
    ...outcome('pass').verdict,
    result,
    recipe: 'cap@1',
    recipeSha256: SHA,
    findings,
    defects: findings.map((f) => f.id),
  } as Verdict
}

const answer = (minutesAgo: number, over: Partial<ChallengeJudged> = {}) => ({
  time: new Date(Date.now() - minutesAgo * 60_000).toISOString(),
  data: {
    station: 's1',
    recipe: 'cap@1',
    recipeSha256: SHA,
    trigger: 3,
    code: 'NG-1',
    expected: { result: 'fail', classes: ['short'] },
    actual: { result: 'fail', classes: ['short'] },
    right: true,
    ...over,
  },
})

describe('products of a station with challenge parts', () => {
  it('are held until the part that must fail has failed for what is wrong with it', async () => {
    const { challenges, events, alarms, show, held } = board(loaded({ parts }))
    expect(held()).toBe('challenge part NG-1 was not shown since cap@1 came into force')
    expect(challenges.degraded()).toMatchObject([{ id: 'challenge-s1' }])
    // Not judged: nothing is proved, either way.
    expect(show(verdict('inconclusive'))).toMatchObject({ actual: null, right: false })
    expect(held()).toContain('was not shown')
    // Failed for something else: what must be found was not.
    expect(show(verdict('fail', ['open']))).toMatchObject({ right: false })
    expect(held()).toBe('challenge part NG-1: judged fail (open), expected fail (short)')
    expect(show(verdict('fail', ['short', 'open', 'short']))).toMatchObject({
      right: true,
      actual: { result: 'fail', classes: ['open', 'short'] },
    })
    expect(held()).toBeUndefined()
    expect(challenges.degraded()).toEqual([])
    await Promise.resolve()
    expect(events.map((e) => [e.subject, e.data.right])).toEqual([
      ['challenge/s1/NG-1', false],
      ['challenge/s1/NG-1', true],
    ])
    for (const e of events) EVENT_DATA['qe.challenge.judged.v1'].parse(e.data)
    expect(alarms).toHaveLength(1)
  })

  it('are held when a bad part passes, whatever becomes of one that is overdue, and the alarm says since when', async () => {
    const right = answer(30)
    const b = board(loaded({ parts, overdue: 'warn' }), () => right)
    expect(b.held()).toBeUndefined()
    expect(b.show(verdict('pass'))).toMatchObject({ right: false })
    expect(b.held()).toContain('judged pass, expected fail (short)')
    await expect.poll(() => b.alarms).toHaveLength(1)
    expect(b.alarms[0]).toMatchObject({ id: 'challenge-failed/s1', code: 'INS_CHALLENGE' })
    expect(b.alarms[0]?.message.en).toContain(`parts that it passed since ${right.time} may be wrong`)
    expect(b.alarms[0]?.message.zh).toContain(`自 ${right.time} 起`)
    expect(b.alarms[0]?.message.zh).toContain('判为合格,应判为不合格 (short)')
  })

  it.each([
    ['shown in time', answer(479), undefined],
    ['overdue', answer(481), 'is overdue'],
    ['of a time to come', answer(-5), 'is overdue'],
    ['of another recipe', answer(5, { recipeSha256: 'b'.repeat(64) }), 'was not shown'],
    ['judged wrong', answer(5, { right: false, actual: { result: 'pass', classes: [] } }), 'judged pass'],
  ])('go by what the log has at a start: one %s', (_, event, says) => {
    const { held } = board(loaded({ parts }), (subject) => (subject === 'challenge/s1/NG-1' ? event : null))
    if (says === undefined) expect(held()).toBeUndefined()
    else expect(held()).toContain(says)
  })

  it.each([
    ['judged wrong', 'judged pass, expected fail (short)', {}, 'challenge part NG-1: judged pass'],
    ['judged right', 'judged fail (short), as expected', {}, undefined],
    ['not judged', 'not judged, expected fail (short)', {}, undefined],
    ['whose event is there', 'judged pass, expected fail (short)', { trigger: 3 }, undefined],
    ['of another recipe', 'judged pass, expected fail (short)', { recipeSha256: 'b'.repeat(64) }, undefined],
    ['before the last event', 'judged pass, expected fail (short)', { position: 19 }, undefined],
    [
      'behind the last event, by a clock that was set back since',
      'judged pass, expected fail (short)',
      { minutesAgo: 20 },
      'challenge part NG-1: judged pass',
    ],
  ])('go by the record where a power cut lost its event: one %s', (_, says, over, held) => {
    const { minutesAgo = 1, ...rest } = over as { minutesAgo?: number }
    const record = {
      position: 21,
      trigger: 9,
      endedAt: new Date(Date.now() - minutesAgo * 60_000).toISOString(),
      recipeSha256: SHA,
      reasons: [{ en: `NG-1: ${says}`, zh: '' }],
      ...rest,
    }
    const recipe = loaded({ parts, overdue: 'warn' })
    const of = (unit: string, station: string) =>
      unit === uriOf(recipe, 'NG-1') && station === 's1' ? record : null
    const { held: why } = board(recipe, () => answer(10), START, of)
    if (held === undefined) expect(why()).toBeUndefined()
    else expect(why()).toContain(held)
  })

  it('need it anew when a recipe comes into force, also one that had it before', () => {
    const recipe = loaded({ parts })
    const earlier = board(recipe, () => answer(5), new Date(Date.now() - 60_000).toISOString())
    expect(earlier.held()).toContain('was not shown')
    // By the log it was proved when the recipe was in force before; the clock was set back since.
    expect(
      board(
        recipe,
        () => answer(5),
        START,
        () => null,
        9,
      ).held(),
    ).toContain('was not shown')
    const running = board(recipe, () => answer(5))
    expect(running.held()).toBeUndefined()
    running.challenges.activated('s1', recipe)
    expect(running.held()).toContain('was not shown')
  })

  it('go on with a warning where the line asks for no more', () => {
    const { challenges, held } = board(loaded({ parts, overdue: 'warn' }))
    expect(held()).toBeUndefined()
    expect(challenges.degraded()[0]?.text.en).toMatch(/^s1: challenge part NG-1 was not shown .*parts go on$/)
    expect(challenges.state('s1')).toMatchObject({ overdue: 'warn', parts: [{ last: null, dueAt: null }] })
  })

  it('want every one of several', () => {
    const two = loaded({ parts: [...parts, { code: 'OK-1', expect: 'pass' }] })
    const { show, held, challenges } = board(two)
    show(verdict('fail', ['short']))
    expect(held()).toContain('OK-1 was not shown')
    show(verdict('pass'), 'OK-1')
    expect(held()).toBeUndefined()
    // Good parts that are stopped are as wrong.
    show(verdict('fail', ['short']), 'OK-1')
    expect(held()).toContain('OK-1: judged fail (short), expected pass')
    expect(challenges.state('s1')?.parts.map((p) => p.last?.right)).toEqual([true, false])
  })

  it('and nothing of the kind is asked where a recipe has none', () => {
    const { recipe, ...rest } = loaded({ parts })
    const { challenge: _, ...none } = recipe
    const { challenges, held } = board({ ...rest, recipe: none as Recipe })
    expect(held()).toBeUndefined()
    expect([challenges.degraded(), challenges.state('s1')]).toEqual([[], null])
  })
})

describe('a challenge part', () => {
  const ports = (challenges: Challenges) => ({
    station: { id: 's1', camera: { adapter: 'http-push' }, place: {} } as StationSpec,
    stations: [],
    context: { line: 'l', plant: 'p', station: 's1', product: 'cap', shift: 'day' },
    canary: { faultOf: () => null },
    holds: noHolds,
    challenges,
    firstArticles: { holds: () => null },
    before: [],
  })
  const identity = (recipe: LoadedRecipe, codes: ReturnType<typeof gs1Code>[]) => {
    const { challenges } = board(recipe)
    return partIdentity(ports(challenges))({
      trigger: 1,
      recipe: recipe.recipe,
      codes,
      place: {},
      problem: null,
    })
  }

  it('is known by its code as a recipe writes it, plain or of GS1', () => {
    const gs1 = loaded({ parts: [{ code: '(01)09506000134352(21)NG7', expect: 'fail' }] })
    expect(identity(gs1, [gs1Code('NG7', 'L4')]).challenge).toBeDefined()
    expect(identity(gs1, [gs1Code('NG8', 'L4')]).challenge).toBeUndefined()
    expect(identity(loaded({ parts }), [plainCode('NG-1', 'dm')]).challenge).toBeDefined()
    // Two codes: nobody knows which of them it is.
    const both = identity(loaded({ parts }), [plainCode('NG-1', 'dm'), plainCode('SN-2', 'dm')])
    expect([both.challenge, both.problem?.noVerdict.reason]).toEqual([undefined, 'identity'])
  })

  it('has no verdict, never goes on, counts as none in a row and may come as often as it likes', async () => {
    const recipe = loaded({ parts })
    const diary = new Diary()
    const { challenges, show } = board(recipe)
    show(verdict('fail', ['short']))
    const engine = new StationEngine(
      { id: 's1', recipe: 'cap@1', budgetMs: 2_000, interlock: { consecutive: 1 } } as StationSpec,
      { ...blank, id: 'cap@1', recipe: recipe.recipe },
      { line: 'l', plant: 'p', station: 's1', product: 'cap', shift: 'day' },
      {
        source: sourceOf([1, 2, 3].map(frame), 2),
        inspector: inspectorOf(() => ({
          outcome: outcome('pass', { codes: [plainCode('NG-1', 'dm')], recipe: 'cap@1' }),
        })),
        output: diary.output,
        store: diary.store,
        last: null,
        identify: partIdentity(ports(challenges)),
        onPart: () => undefined,
        log: { warn: () => undefined, error: () => undefined },
      },
    )
    await engine.run(new AbortController().signal)
    expect(diary.commands.map((c) => c.action)).toEqual(['hold', 'hold', 'hold'])
    expect(diary.captured.map((c) => [c.runType, c.outcome.verdict.noVerdict?.reason])).toEqual(
      Array.from({ length: 3 }, () => ['golden-sample', 'challenge']),
    )
    expect(diary.captured[0]?.outcome.verdict.reasons.map((r) => r.en)).toEqual([
      'A challenge part, no product',
      'NG-1: judged pass, expected fail (short)',
    ])
    expect(engine.state().alarms).toEqual([])
  })

  it.each([
    [{ parts: [{ code: 'OK-1', expect: 'pass' }] }, /must fail/],
    [{ parts: [{ code: 'OK-1', expect: 'pass', classes: ['short'] }, parts[0]] }, /must pass/],
    [{ parts: [] }, /./],
    [{ parts, everyMin: 0 }, /./],
  ])('list that proves nothing is refused: %j', (challenge, says) => {
    const { error } = challengeSchema.safeParse(challenge)
    expect(error?.issues.map((i) => i.message).join()).toMatch(says)
  })

  it.each([
    ['(01)09506000134352', 'the code of one part'],
    ['(01)09506000134353(21)X', 'the code of one part'],
    ['(01)09506000149301(21)X', 'the code of one part'],
  ])('whose code %s is none of one part of the product is refused with its place', (code, expected) => {
    const recipe = loaded({ parts: [parts[0], { code, expect: 'fail' }] })
    expect(() => checkChallenge(recipe)).toThrowError(
      expect.objectContaining({
        code: 'CFG_INVALID',
        detail: expect.objectContaining({ path: 'challenge.parts[1].code' }),
      }),
    )
    expect(() => checkChallenge(recipe)).toThrowError(expected)
  })

  it('that is named twice, or that nothing at the station can read, is refused', () => {
    const twice = loaded({ parts: [parts[0], { code: ' NG-1 ', expect: 'pass' }] })
    expect(() => checkChallenge(twice)).toThrowError(/a code given once/)
    const { recipe, ...rest } = loaded({ parts })
    const blind = { ...rest, recipe: { ...recipe, identity: 'none' as const, tools: [] } }
    expect(() => checkNaming(blind, false)).toThrowError(/challenge.*association/)
    expect(() => checkNaming(blind, true)).not.toThrow()
  })
})
