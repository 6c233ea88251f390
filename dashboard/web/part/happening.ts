import { useTranslation } from 'react-i18next'

const KINDS = [
  'commission',
  'receive',
  'aggregate',
  'disaggregate',
  'transform',
  'associate',
  'rework',
  'reinspect',
  'dispose',
  'hold',
  'release',
  'ship',
  'return',
  'deliver',
  'order',
  'use',
  'complain',
  'retract',
  'merge',
  'split',
] as const
const VERDICTS = ['pass', 'fail', 'inconclusive'] as const

/** Names what happened to a part: a fact of its life, a link of its genealogy or a verdict. What has no name stays as it is. */
export function useHappening(): (what: string) => string {
  const { t } = useTranslation()
  return (what) => {
    const kind = KINDS.find((k) => k === what)
    if (kind) return t(`unitLife.what.${kind}`)
    const verdict = VERDICTS.find((v) => v === what)
    return verdict ? t(`verdict.${verdict}`) : what
  }
}
