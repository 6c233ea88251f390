import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useText } from '../i18n/index.ts'
import { msText, numberText, percentText } from '../look/format.ts'
import type { KpiData } from './module-types.ts'

type Item = KpiData['items'][number]

function valueText(value: number | null, { unit, currency }: Item): string {
  if (value === null) return '–'
  if (unit === 'ratio') return percentText(value, 2)
  if (unit === 'ms') return msText(value)
  return unit === 'currency' && currency ? `${value.toFixed(2)} ${currency}` : numberText(value)
}

export function KpiPanel({ data }: { data: KpiData }): ReactNode {
  const { t } = useTranslation()
  const text = useText()
  return (
    <div className="kpis">
      {data.items.map((item) => (
        <div className="kpi" key={item.id}>
          <span className="count-name">
            {text(item.title)}
            {item.good && <i title={t(`modules.good.${item.good}`)}>{item.good === 'up' ? ' ↑' : ' ↓'}</i>}
          </span>
          <span className="kpi-value">{valueText(item.value, item)}</span>
          <span className="muted small">
            {item.value === null
              ? t('modules.notKnown')
              : item.interval
                ? `${percentText(item.interval.confidence, 0)} CI ${valueText(item.interval.low, item)} – ${valueText(item.interval.high, item)}`
                : ''}
          </span>
        </div>
      ))}
    </div>
  )
}
