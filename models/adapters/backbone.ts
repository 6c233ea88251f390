import { CodedError } from '../../contracts/index.ts'
import type { FamilySpec } from '../../contracts/index.ts'
import type { Adapter } from './adapter.ts'
import { elementwiseDifference } from './elementwise.ts'

type Spec = Extract<FamilySpec, { family: 'backbone' }>

/**
 * Feature maps for `models/teach`. A backbone has golden vectors like every package, and refuses to judge: a recipe
 * that names one by mistake must not pass parts for want of findings.
 */
export function backbone(spec: Spec): Adapter {
  return {
    outputs: Object.fromEntries(spec.taps.map((t) => [t.output, 'float32' as const])),
    difference: elementwiseDifference,
    decode() {
      throw new CodedError('MDL_OUTPUT', {
        expected: 'a model that judges images',
        actual: 'a backbone, which gives features only',
        hint: 'teach a model on it with `sightline teach` and name that one',
      })
    },
  }
}
