import { describe, expect, it } from 'vitest'
import { ApiError } from '../../dashboard/web/api/client.ts'
import { Decision, type FactId } from '../../dashboard/web/api/decision.ts'

const lost = new ApiError('NETWORK', 0, 'the server cannot be reached')
const spooled = new ApiError('TRC_SPOOLED', 503, 'it waits in the spool')
const refused = new ApiError('API_REQUEST', 400, 'what has to be told otherwise')

describe('a decision that is sent more than once', () => {
  /** The ids that the facts of a decision are sent with, each met by an answer; null = done. */
  async function idsOf(...tries: (readonly [string, Error | null])[]): Promise<string[]> {
    const decision = new Decision()
    const sent: FactId[] = []
    for (const [name, answer] of tries)
      await decision
        .state(name, (fact) => {
          sent.push(fact)
          return answer === null ? Promise.resolve() : Promise.reject(answer)
        })
        .catch((error: unknown) => expect(error).toBe(answer))
    const times = new Map(sent.map((f) => [f.id, f.at]))
    // The same fact is of the same time.
    expect(sent.every((f) => times.get(f.id) === f.at)).toBe(true)
    const met = [...times.keys()]
    return sent.map((f) => 'abc'.charAt(met.indexOf(f.id)))
  }

  it.each([lost, spooled])('keeps the id of a fact whose answer was $code', async (error) => {
    expect(await idsOf(['hold', error], ['hold', error], ['hold', null])).toEqual(['a', 'a', 'a'])
  })

  it('keeps it where a later fact of it was refused', async () => {
    expect(await idsOf(['hold', null], ['step', refused], ['hold', null], ['step', null])).toEqual([
      'a',
      'b',
      'a',
      'c',
    ])
  })

  it('keeps it where a try is refused after one that was lost', async () => {
    expect(await idsOf(['hold', lost], ['hold', refused], ['hold', null])).toEqual(['a', 'a', 'a'])
  })

  it('is sent anew by itself where its answer was lost, and not when it was refused', async () => {
    const met = async (pausesMs: number[], ...answers: (ApiError | null)[]): Promise<[number, unknown]> => {
      const ids: string[] = []
      const end = await new Decision(pausesMs)
        .state('review', ({ id }) => {
          ids.push(id)
          const answer = answers.shift() ?? null
          return answer === null ? Promise.resolve('done') : Promise.reject(answer)
        })
        .catch((error: unknown) => error)
      expect(new Set(ids).size).toBe(1)
      return [ids.length, end]
    }
    expect(await met([0, 0], lost, spooled)).toEqual([3, 'done'])
    expect(await met([0], lost, lost)).toEqual([2, lost])
    expect(await met([0, 0], refused)).toEqual([1, refused])
    expect(await met([0, 0], lost, refused)).toEqual([2, refused])
  })
})
