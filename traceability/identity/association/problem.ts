import { CodedError, type DoubtfulIdentity, type I18n } from '../../../contracts/index.ts'

export type AssociationProblemKind = 'missing' | 'double' | 'spacing' | 'late' | 'no-place'

/** Why a part gets no code from a reader. The part is held. */
export interface AssociationProblem {
  kind: AssociationProblemKind
  trigger: number
  text: I18n
  error: CodedError
}

const TEXT: Record<AssociationProblemKind, I18n> = {
  missing: { zh: '工件没有对应的读码结果', en: 'No read belongs to the part' },
  double: { zh: '同一工件有两个不同的读码结果', en: 'Two different reads belong to one part' },
  spacing: { zh: '工件间距过小,读码归属不明', en: 'Parts follow too closely; reads cannot be told apart' },
  'no-place': { zh: '读码结果不是模穴或夹具名称', en: 'The read names no cavity or fixture' },
  late: { zh: '读码结果到达太晚', en: 'The read arrived after the part was decided' },
}

/** @param hint what to do; the usual one when absent */
export function associationProblem(
  kind: AssociationProblemKind,
  trigger: number,
  expected: string,
  actual: string,
  hint = 'check reader, trigger and distances; the part is held',
): AssociationProblem {
  return {
    kind,
    trigger,
    text: TEXT[kind],
    error: new CodedError('TRC_IDENTITY', { path: `trigger ${trigger}`, expected, actual, hint }),
  }
}

export const noPlace = (trigger: number, says: 'cavity' | 'fixture', actual: string): AssociationProblem =>
  associationProblem(
    'no-place',
    trigger,
    `the name of a ${says}: 1 to 64 characters, no control characters`,
    JSON.stringify(actual.slice(0, 80)),
    `check what the reader sends; the part is held`,
  )

/** Readers name one place by different names, as two reads of one section would. */
export const twoPlaces = (
  trigger: number,
  says: 'cavity' | 'fixture',
  names: readonly string[],
): AssociationProblem => associationProblem('double', trigger, `one ${says}`, names.join(' and '))

/** A problem as the record of the part says it. */
export const doubtful = ({ error, text }: Pick<AssociationProblem, 'error' | 'text'>): DoubtfulIdentity => ({
  noVerdict: { reason: 'identity', code: error.code, message: error.message },
  text,
})
