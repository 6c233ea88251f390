import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { queryText } from '../api/client.ts'
import { timeText } from '../look/format.ts'
import type { ControlPoint } from './options.ts'
import { labelText, shareText } from './words.ts'
import { Wide } from '../look/wide.tsx'

/** The parts between the first and the last of a subgroup; null where the panel does not tell them. */
export const subgroupPath = (p: ControlPoint | undefined, station: string | undefined): string | null =>
  p?.firstEvent === undefined || p.lastEvent === undefined
    ? null
    : `/parts?${queryText({ station, first: p.firstEvent, last: p.lastEvent })}`

interface Of {
  points: readonly ControlPoint[]
  station: string | undefined
}

const SHOWN = 6

/** The newest points that are out of control, in words; each leads to its parts. */
export function Signals({ points, station }: Of): ReactNode {
  const { t } = useTranslation()
  const out = points.filter((p) => p.out !== null)
  if (out.length === 0) return null
  return (
    <p className="small panel-note">
      <b className="tone-fail">◆ {t('chart.signals', { n: out.length })}</b>{' '}
      <span className="muted">
        {out.slice(-SHOWN).map((p, i) => (
          <span key={p.label}>
            {i > 0 && ' · '}
            <PointLink of={p} station={station}>
              {`${labelText(p.label)} (${timeText(p.at).slice(0, -4)}, ${t(p.out === 'above' ? 'chart.above' : 'chart.below')})`}
            </PointLink>
          </span>
        ))}
      </span>
    </p>
  )
}

function PointLink(p: { of: ControlPoint; station: string | undefined; children: ReactNode }): ReactNode {
  const { t } = useTranslation()
  const path = subgroupPath(p.of, p.station)
  return path === null ? (
    p.children
  ) : (
    <Link to={path} title={t('chart.toParts')}>
      {p.children}
    </Link>
  )
}

/** Every point as a row, newest first: what the chart shows, for the keyboard, a screen reader and paper. */
export function SubgroupTable({ points, station, ratio }: Of & { ratio: boolean }): ReactNode {
  const { t } = useTranslation()
  const said = (value: number | null): string => (value === null ? '–' : shareText(value, ratio))
  return (
    <details className="subgroups">
      <summary>{t('chart.asTable', { n: points.length })}</summary>
      <Wide>
        <table className="facts-table">
          <thead>
            <tr>
              <th>{t('chart.subgroup')}</th>
              <th>{t('chart.until')}</th>
              <th>{t('chart.value')}</th>
              <th>n</th>
              <th>{t('chart.lcl')}</th>
              <th>{t('chart.ucl')}</th>
              <th>{t('chart.signal')}</th>
            </tr>
          </thead>
          <tbody>
            {points.toReversed().map((p) => (
              <tr key={p.label}>
                <td>
                  <PointLink of={p} station={station}>
                    {labelText(p.label)}
                  </PointLink>
                </td>
                <td className="mono">{timeText(p.at).slice(0, -4)}</td>
                <td className="mono">{said(p.value)}</td>
                <td className="mono">
                  {p.nonconforming === undefined ? p.n : `${p.nonconforming} / ${p.n}`}
                </td>
                <td className="mono">{said(p.lcl)}</td>
                <td className="mono">{said(p.ucl)}</td>
                <td className={p.out === null ? 'muted' : 'tone-fail'}>
                  {p.out === null ? '–' : `◆ ${t(p.out === 'above' ? 'chart.above' : 'chart.below')}`}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Wide>
    </details>
  )
}
