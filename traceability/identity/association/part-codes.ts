import type { AssociatedBy, AssociatedRead, CaptureRequest, CodeRead } from '../../../contracts/index.ts'

type Coded = Pick<CaptureRequest, 'outcome' | 'reads' | 'identityTools'>

/** Every code of a part: those of the image first, then those given to it beside the camera. */
export const codesOf = ({ outcome, reads = [] }: Coded): CodeRead[] => [...outcome.verdict.codes, ...reads]

/** Whose codes say who the part is: those of the naming tools of its recipe, and whatever was given to it. */
export const namingOf = ({ identityTools, reads = [] }: Coded): string[] => [
  ...identityTools,
  ...reads.map((r) => r.tool),
]

/** How a code of a part came to it. */
export const associatedBy = (code: CodeRead & Partial<AssociatedRead>): AssociatedBy =>
  code.associatedBy ?? 'direct'
