import { expect, it } from 'vitest'
import { differences } from '../../bin/commands/replay.ts'
import type { NoVerdict, Verdict } from '../../contracts/index.ts'
import { passVerdict } from './samples/traceability-requests.ts'

const without = (noVerdict: NoVerdict): Verdict => ({
  ...passVerdict(),
  result: 'inconclusive',
  disposition: 'hold',
  noVerdict,
})

it('takes other words for the same no-verdict as no difference, and another reason as one', () => {
  const dark: NoVerdict = { reason: 'quality', code: 'INS_QUALITY', message: 'check focus' }
  const then = without(dark)
  expect(differences(then, without({ ...dark, message: 'check the lamp' }))).toEqual([])
  expect(differences(then, without({ ...dark, reason: 'registration' }))).toEqual(['noVerdict'])
  expect(differences(then, without({ ...dark, code: 'INS_REGISTER' }))).toEqual(['noVerdict'])
})
