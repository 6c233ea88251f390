import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Measurement } from '../api/types.ts'
import { numberText } from '../look/format.ts'
import { VerdictIcon } from '../look/icons.tsx'
import { Panel } from '../look/panel.tsx'

export function MeasurementsPanel(p: {
  measurements: readonly Measurement[]
  onHover(characteristic: string | null): void
}): ReactNode {
  const { t } = useTranslation()
  if (p.measurements.length === 0) return null
  return (
    <Panel title={t('measure.title')}>
      {p.measurements.map((m) => {
        const good = (m.lsl === undefined || m.value >= m.lsl) && (m.usl === undefined || m.value <= m.usl)
        return (
          <div
            className="measure"
            key={`${m.tool}/${m.characteristic}`}
            onMouseEnter={() => p.onHover(m.characteristic)}
            onMouseLeave={() => p.onHover(null)}
          >
            <div className="measure-head">
              <span className={good ? 'tone-pass' : 'tone-fail'}>
                <VerdictIcon result={good ? 'pass' : 'fail'} size={13} />
              </span>
              <span>{m.characteristic}</span>
              <b className="mono">
                {numberText(m.value)} {m.unit}
              </b>
              <span className="grow" />
              <span className="muted small mono">
                {m.lsl !== undefined && `LSL ${numberText(m.lsl)} `}
                {m.target !== undefined && `◎ ${numberText(m.target)} `}
                {m.usl !== undefined && `USL ${numberText(m.usl)} `}
                {m.uncertainty !== undefined && `U ±${numberText(m.uncertainty)}`}
              </span>
            </div>
            {m.lsl !== undefined && m.usl !== undefined && (
              <Gauge m={m} lsl={m.lsl} usl={m.usl} good={good} />
            )}
          </div>
        )
      })}
    </Panel>
  )
}

/** The value between its limits; the tolerance takes the middle half of the bar. */
function Gauge({
  m,
  lsl,
  usl,
  good,
}: {
  m: Measurement
  lsl: number
  usl: number
  good: boolean
}): ReactNode {
  const share = (value: number): number =>
    Math.min(99, Math.max(1, 25 + ((value - lsl) / (usl - lsl || 1)) * 50))
  const u = m.uncertainty ?? 0
  return (
    <div className="gauge">
      <i className="gauge-tolerance" />
      {m.target !== undefined && <i className="gauge-target" style={{ left: `${share(m.target)}%` }} />}
      <i
        className="gauge-u"
        style={{ left: `${share(m.value - u)}%`, width: `${share(m.value + u) - share(m.value - u)}%` }}
      />
      <i className={`gauge-value ${good ? 'good' : 'bad'}`} style={{ left: `${share(m.value)}%` }} />
    </div>
  )
}
