import { describe, expect, it } from 'vitest'
import { partIdentity } from '../../bin/line/part-identity.ts'
import type { CodeRead, Recipe, StationSpec } from '../../contracts/index.ts'
import type { HoldBoard } from '../../traceability/index.ts'
import { gs1Code, plainCode } from './samples/traceability-requests.ts'

describe('who a part of a line is', () => {
  const problem = (codes: CodeRead[], identity: Recipe['identity'] = 'required') =>
    partIdentity({
      station: { camera: { adapter: 'replay' }, place: {} } as StationSpec,
      context: { line: 'l', plant: 'p', station: 'st10', product: 'cap', shift: 'day' },
      canary: { faultOf: () => null },
      holds: { over: () => Promise.resolve(null) } as unknown as HoldBoard,
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
