import { Button } from 'antd'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Finding, Verdict } from '../api/types.ts'
import { countText, numberText } from '../look/format.ts'
import { VerdictIcon } from '../look/icons.tsx'
import { Panel } from '../look/panel.tsx'
import { ON_PAPER, usePrinting } from '../look/printing.ts'
import { classColour } from '../look/theme.ts'
import { className } from '../i18n/class-names.ts'
import { Wide } from '../look/wide.tsx'

/** Rows of thousands take a browser a minute; who looks for one further down asks for them. */
const SHOWN = 200

/** Findings, condemned ones first; a row and its box on the image highlight each other. */
export function FindingsPanel(p: {
  verdict: Verdict
  hovered: string | null
  onHover(id: string | null): void
  onPick(id: string): void
}): ReactNode {
  const { t } = useTranslation()
  const [whole, setWhole] = useState<Verdict | null>(null)
  const printing = usePrinting()
  const { findings, defects } = p.verdict
  const condemned = new Set(defects)
  const sorted = findings.toSorted(
    (a, b) => Number(condemned.has(b.id)) - Number(condemned.has(a.id)) || b.score - a.score,
  )
  const shown = printing ? sorted.slice(0, ON_PAPER) : whole === p.verdict ? sorted : sorted.slice(0, SHOWN)
  return (
    <Panel
      title={t('findings.title')}
      extra={
        <span className="muted">{t('findings.count', { n: findings.length, defects: defects.length })}</span>
      }
    >
      {findings.length === 0 ? (
        <p className="muted small">{t('findings.none')}</p>
      ) : (
        <Wide>
          <table className="facts-table">
            <thead>
              <tr>
                <td />
                <th>{t('findings.class')}</th>
                <th className="num">{t('findings.score')}</th>
                <th className="num">{t('findings.place')}</th>
                <th className="num">{t('findings.size')}</th>
                <th>{t('findings.tool')}</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((f) => (
                <tr
                  key={f.id}
                  data-finding={f.id}
                  className={p.hovered === f.id ? 'hovered' : ''}
                  onMouseEnter={() => p.onHover(f.id)}
                  onMouseLeave={() => p.onHover(null)}
                  onClick={() => p.onPick(f.id)}
                  tabIndex={0}
                  onFocus={() => p.onHover(f.id)}
                  onBlur={() => p.onHover(null)}
                  onKeyDown={(e) => {
                    if (e.key === 'Enter') p.onPick(f.id)
                  }}
                >
                  <td
                    className={condemned.has(f.id) ? 'tone-fail' : 'muted'}
                    title={t(condemned.has(f.id) ? 'findings.condemned' : 'findings.tolerated')}
                  >
                    {condemned.has(f.id) ? <VerdictIcon result="fail" size={13} /> : '○'}
                  </td>
                  <td>
                    <i className="swatch" style={{ background: classColour(f.class) }} />
                    {className(f.class)}
                  </td>
                  <td className="num">{numberText(f.score)}</td>
                  <td className="num">{placeText(f)}</td>
                  <td className="num">{sizeText(f)}</td>
                  <td className="muted" title={f.use}>
                    {f.tool}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
          {shown.length < sorted.length &&
            (printing ? (
              <p>{t('nav.onPaper', { n: countText(shown.length), total: countText(sorted.length) })}</p>
            ) : (
              <Button size="small" onClick={() => setWhole(p.verdict)}>
                {t('findings.all', { n: sorted.length })}
              </Button>
            ))}
        </Wide>
      )}
    </Panel>
  )
}

const placeText = (f: Finding): string =>
  f.partXY
    ? `${f.partXY[0].toFixed(2)}, ${f.partXY[1].toFixed(2)} mm`
    : `${Math.round((f.box[0] + f.box[2]) / 2)}, ${Math.round((f.box[1] + f.box[3]) / 2)} px`

const sizeText = (f: Finding): string =>
  f.areaMm2 === undefined ? `${numberText(f.areaPx)} px²` : `${f.areaMm2.toFixed(3)} mm²`
