import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Latency } from '../api/types.ts'
import { msText } from '../look/format.ts'
import { COLOUR } from '../look/theme.ts'

const W = 300
const H = 44

/** Trigger to verdict against the budget, with the course of the newest parts. */
export function LatencyBox({
  latency,
  budgetMs,
}: {
  latency: Latency | undefined
  budgetMs: number
}): ReactNode {
  const { t } = useTranslation()
  const late = latency !== undefined && latency.p99Ms > budgetMs
  return (
    <div className="latency">
      <div className="box-head">
        <span>{t('latency.title')}</span>
        <span>
          p50 <b>{latency ? msText(latency.p50Ms) : '–'}</b> · p99{' '}
          <b className={late ? 'tone-fail' : ''}>{latency ? msText(latency.p99Ms) : '–'}</b> ·{' '}
          {t('latency.budget')} <b>{msText(budgetMs)}</b>
        </span>
      </div>
      {latency && latency.recentMs.length > 1 && <Spark values={latency.recentMs} budgetMs={budgetMs} />}
    </div>
  )
}

function Spark({ values, budgetMs }: { values: readonly number[]; budgetMs: number }): ReactNode {
  const top = Math.max(budgetMs, ...values) * 1.08
  const x = (i: number): number => (i / (values.length - 1)) * W
  const y = (ms: number): number => H - (ms / top) * H
  return (
    <svg className="spark" viewBox={`0 0 ${W} ${H}`} preserveAspectRatio="none" aria-hidden="true">
      <line
        x1="0"
        x2={W}
        y1={y(budgetMs)}
        y2={y(budgetMs)}
        stroke={COLOUR.inconclusive}
        strokeDasharray="4 4"
      />
      <polyline
        points={values.map((ms, i) => `${x(i).toFixed(1)},${y(ms).toFixed(1)}`).join(' ')}
        fill="none"
        stroke={COLOUR.accent}
        strokeWidth="1.5"
        vectorEffect="non-scaling-stroke"
      />
      {values.map((ms, i) =>
        ms > budgetMs ? (
          <rect key={i} x={x(i) - 1.5} y={y(ms) - 2} width="3" height="4" fill={COLOUR.fail} />
        ) : null,
      )}
    </svg>
  )
}
