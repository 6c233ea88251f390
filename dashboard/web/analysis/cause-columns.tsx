import type { TableColumnsType } from 'antd'
import { useMemo, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { useHolds } from '../api/life-hooks.ts'
import type { Analysis } from '../api/types.ts'
import { HoldButton } from '../holds/hold-button.tsx'
import { isHeld, lotPath } from '../holds/hold-words.ts'
import { className } from '../i18n/class-names.ts'
import { numberText, percentText } from '../look/format.ts'
import { NcrButton } from '../ncr/ncr-button.tsx'

export type Cause = Analysis['causes'][number]

/** Kind of thing by which a level can be held or reported; a shift that is over cannot. */
const THING: Partial<Record<Cause['factor'], string>> = {
  lot: 'lot',
  supplier: 'supplier',
  component: 'lot',
  componentSupplier: 'supplier',
  station: 'station',
  fixture: 'fixture',
  carrier: 'carrier',
  run: 'run',
  recipe: 'recipe',
  model: 'model',
}

/** Short name or null; a name that stands for lots of two materials has the material behind it, and is none. */
const targetOf = ({ factor, value }: Cause): string | null => {
  const kind = THING[factor]
  return kind === undefined || / \((urn:|https:)/.test(value) ? null : `${kind}/${value}`
}

export function useCauseColumns(of: string | null, eachClass: boolean): TableColumnsType<Cause> {
  const { t } = useTranslation()
  const holds = useHolds()
  return useMemo(
    () => [
      { title: t('analysis.factor'), render: (_, c) => t(`analysis.factors.${c.factor}`) },
      {
        title: t('analysis.value'),
        className: 'mono',
        render: (_, c) => (
          <span className="long-name">
            <Value cause={c} />
          </span>
        ),
      },
      ...(eachClass
        ? [
            {
              title: t('analysis.class'),
              render: (_: unknown, c: Cause) =>
                c.class === undefined ? t('analysis.anyDefect') : className(c.class),
            },
          ]
        : []),
      {
        title: t('analysis.share'),
        render: (_, c) => (
          <>
            {percentText(c.bad / c.n, 2)} ({c.bad} / {c.n})
            <span className="muted small">
              {' '}
              {percentText(c.shareLow, 1)} – {percentText(c.shareHigh, 1)}
            </span>
          </>
        ),
      },
      {
        title: t('analysis.rest'),
        render: (_, c) => `${percentText(c.restBad / c.restN, 2)} (${c.restBad} / ${c.restN})`,
      },
      { title: t('analysis.ratio'), render: (_, c) => ratioText(c.ratio, c.low, c.high) },
      { title: t('analysis.odds'), render: (_, c) => (c.odds === null ? '–' : c.odds.ratio.toFixed(2)) },
      {
        title: 'p',
        className: 'mono',
        render: (_, c) => `${numberText(c.p)} (${t(`analysis.methods.${c.method}`)})`,
      },
      { title: 'q', className: 'mono', render: (_, c) => numberText(c.q) },
      {
        title: t('analysis.together'),
        render: (_, c) => c.together.map((o) => `${t(`analysis.factors.${o.factor}`)} ${o.value}`).join(', '),
      },
      {
        title: t('holds.title'),
        render: (_, c) => {
          const target = targetOf(c)
          // Nobody can hold a model apart from its recipes.
          return target === null || c.factor === 'model' ? null : (
            <HoldButton target={target} name="" held={isHeld(holds.data, target)} />
          )
        },
      },
      {
        title: t('nav.ncr'),
        render: (_, c) => {
          const target = targetOf(c)
          const classes = c.class ?? of
          return target === null ? null : (
            <NcrButton draft={{ targets: [target], ...(classes !== null && { classes: [classes] }) }} />
          )
        },
      },
    ],
    [t, holds.data, of, eachClass],
  )
}

function Value({ cause }: { cause: Cause }): ReactNode {
  const value = cause.named ? <b className="tone-fail">{cause.value}</b> : cause.value
  const target = targetOf(cause)
  return target?.startsWith('lot/') ? <Link to={lotPath(target.slice(4))}>{value}</Link> : value
}

const ratioText = (ratio: number | null, low: number | null, high: number | null): string =>
  ratio === null || low === null || high === null
    ? '–'
    : `${ratio.toFixed(2)} (${low.toFixed(2)} – ${high.toFixed(2)})`
