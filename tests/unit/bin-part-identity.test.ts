import { describe, expect, it } from 'vitest'
import { partIdentity } from '../../bin/line/part-identity.ts'
import type { ChallengeCheck, CodeRead, ErrorFact, Recipe, StationSpec } from '../../contracts/index.ts'
import { identityTools } from '../../inspection/index.ts'
import type { HoldBoard, Identification } from '../../traceability/index.ts'
import { gs1Code, plainCode } from './samples/traceability-requests.ts'

describe('who a part of a line is', () => {
  const problem = (codes: CodeRead[], identity: Recipe['identity'] = 'required') =>
    partIdentity({
      station: { camera: { adapter: 'replay' }, place: {} } as StationSpec,
      stations: [],
      context: { line: 'l', plant: 'p', station: 'st10', product: 'cap', shift: 'day' },
      canary: { faultOf: () => null },
      holds: { over: () => Promise.resolve(null) } as unknown as HoldBoard,
      challenges: { of: () => undefined, holds: () => null },
      firstArticles: { holds: () => null },
      before: [],
    })({
      trigger: 1,
      recipe: {
        recipe: 'r',
        version: 1,
        product: { id: 'cap' },
        identity,
        tools: [{ use: 'code@1', id: 'dm', identity: true }],
      } as unknown as Recipe,
      codes,
      place: {},
      problem: null,
    }).problem

  /** Two parts in the frame, of which the left one is judged. */
  const beside = (over: Partial<Recipe>, held: string[] = []) => {
    const recipe = {
      recipe: 'r',
      version: 1,
      product: { id: 'cap' },
      view: { widthPx: 320, heightPx: 240 },
      rois: { label: { shape: 'rect', box: [0, 0, 100, 100] } },
      identity: 'required',
      tools: [{ use: 'code@1', id: 'dm', identity: true, roi: 'label', wholeFrameFallback: true }],
      ...over,
    } as unknown as Recipe
    const at = (text: string, x: number): CodeRead => ({
      ...plainCode(text, 'dm'),
      corners: [
        [x, 20],
        [x + 20, 20],
        [x + 20, 40],
        [x, 40],
      ],
    })
    const judged: (string | null)[] = []
    return {
      recipe,
      judged,
      names: (x: number) => identityTools(recipe, [at('SN-2', x)]),
      asked: (codes: (readonly [string, number])[], reads: CodeRead[] = []) =>
        partIdentity({
          station: { id: 'st10', camera: { adapter: 'replay' }, place: {} } as StationSpec,
          stations: [],
          context: { line: 'l', plant: 'p', station: 'st10', product: 'cap', shift: 'day' },
          canary: { faultOf: () => null },
          holds: {
            over: (found: Identification, _facts: unknown, seen = found) => {
              judged.push(found.serial)
              return Promise.resolve(held.includes(seen.serial ?? '') ? { en: 'on hold', zh: '' } : null)
            },
          } as unknown as HoldBoard,
          challenges: {
            of: (_s, _r, _t, uri) => (uri?.endsWith('NG-1') ? () => ({}) as ChallengeCheck : undefined),
            holds: () => null,
          },
          firstArticles: { holds: () => null },
          before: [],
        })({
          trigger: 1,
          recipe,
          codes: [...codes.map(([text, x]) => at(text, x)), ...reads],
          place: {},
          problem: null,
        }),
    }
  }

  it('is not told by the code of the part beside it, read where its own should not be', () => {
    const found = beside({}).asked([['SN-2', 200]]).problem
    expect(found?.text.en).toBe('The code was read outside of its region')
    expect(found?.noVerdict.message).toContain('"SN-2" (200, 20)')
    expect(beside({}).names(200)).toEqual([])
    expect(beside({ identity: 'optional' }).asked([['SN-2', 200]]).problem).not.toBeNull()
    // Its own code, also on the border, and one that nobody said the place of.
    expect(beside({}).names(50)).toEqual(['dm'])
    expect(beside({}).asked([['SN-1', 85]]).problem).toBeNull()
    const tools = [{ use: 'code@1', id: 'dm', identity: true }] as unknown as Recipe['tools']
    expect(beside({ tools }).asked([['SN-2', 200]]).problem).toBeNull()
    // The recipe says that no second part is ever in the frame.
    const alone = [
      { use: 'code@1', id: 'dm', identity: 'anywhere', roi: 'label' },
    ] as unknown as Recipe['tools']
    expect(beside({ tools: alone }).names(200)).toEqual(['dm'])
    expect(beside({ tools: alone }).asked([['SN-1', 200]]).problem).toBeNull()
  })

  it('is told by a scanner, unless the code elsewhere says something else', () => {
    const scanned = (text: string) => ({ ...plainCode(text, 'reader:gun'), associatedBy: 'time' }) as CodeRead
    expect(beside({}).asked([['SN-1', 200]], [scanned('SN-1')]).problem).toBeNull()
    expect(beside({}).asked([['SN-2', 200]], [scanned('SN-1')]).problem?.text.en).toContain('outside')
  })

  it('is none where nobody asks, yet what is on hold or a challenge part by that code does not go on', async () => {
    const none = beside({ identity: 'none' }, ['SN-7'])
    expect(none.names(200)).toEqual([])
    expect(none.asked([['SN-2', 200]]).problem).toBeNull()
    expect(await none.asked([['SN-2', 200]]).hold('release')).toBeNull()
    expect((await none.asked([['SN-7', 200]]).hold('release'))?.en).toBe('on hold')
    // The parts that these codes name were not judged here.
    expect(none.judged).toEqual([null, null])
    const challenge = none.asked([['NG-1', 200]])
    expect([challenge.problem?.noVerdict.reason, challenge.challenge]).toEqual(['identity', undefined])
  })

  it('is said to those behind when a canary failed, and not where a code is in doubt', () => {
    const stopped: (string | null)[] = []
    const ask = (codes: CodeRead[], fault: ErrorFact | null) =>
      partIdentity({
        station: { id: 'st10', camera: { adapter: 'replay' }, place: {} } as StationSpec,
        stations: [],
        context: { line: 'l', plant: 'p', station: 'st10', product: 'cap', shift: 'day' },
        canary: { faultOf: () => fault },
        holds: {
          stopped: (found: Identification) => void stopped.push(found.serial),
        } as unknown as HoldBoard,
        challenges: { of: () => undefined, holds: () => null },
        firstArticles: { holds: () => null },
        before: [],
      })({ trigger: 1, recipe: beside({}).recipe, codes, place: {}, problem: null })
    const fault = { code: 'INS_CANARY', message: 'judged otherwise' } as const
    const doubtful = ask([plainCode('SN-1', 'dm'), plainCode('SN-2', 'dm')], null)
    expect([doubtful.problem?.noVerdict.reason, doubtful.stopped]).toEqual(['identity', undefined])
    const failed = ask([plainCode('SN-1', 'dm')], fault)
    expect(failed.problem?.noVerdict).toMatchObject({ reason: 'tool', code: 'INS_CANARY' })
    failed.stopped?.('an inspection')
    expect(stopped).toEqual(['SN-1'])
  })

  /** Of a reader that sends no symbology identifier. */
  const unnamed = (text: string): CodeRead => ({ ...plainCode(text, 'dm'), symbologyId: '' })

  it('is not told by a GS1 symbol whose FNC1 a reader spells in its own way', () => {
    const read = unnamed('010950600013435221A1^10L1')
    const found = problem([read])
    expect(found?.text).toEqual({
      en: 'The reader does not send FNC1 as it is',
      zh: '读码器未按原样发送 FNC1',
    })
    expect(found?.noVerdict).toMatchObject({ reason: 'identity', code: 'TRC_IDENTITY' })
    expect(found?.noVerdict.message).toContain(`fnc1: '^'`)
    expect(problem([read], 'optional')).not.toBeNull()
    // Nobody asks who it is, or the code does not say it.
    expect(problem([read], 'none')).toBeNull()
    expect(problem([gs1Code('A1'), { ...read, tool: 'component' }])).toBeNull()
  })

  it('is told by such a symbol as it should come, and by a plain serial with that mark', () => {
    expect(problem([unnamed('010950600013435221A1\u001d10L1')])).toBeNull()
    expect(problem([unnamed('SN^21A1')])).toBeNull()
  })
})
