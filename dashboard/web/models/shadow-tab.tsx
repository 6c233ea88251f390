import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { useLife, useOnePart } from '../api/life-hooks.ts'
import { RESULTS, type LifeAnswer, type ShadowAgreement } from '../api/types.ts'
import { useText } from '../i18n/index.ts'
import { countText, msText, percentText, timeText } from '../look/format.ts'
import { Panel } from '../look/panel.tsx'
import { PartImage } from '../look/part-image.tsx'
import { VerdictBadge } from '../look/verdict-badge.tsx'
import { Failed, Nothing, Waiting } from '../shell/states.tsx'
import { GoldenImage } from './golden-image.tsx'

type Shadow = LifeAnswer['stations'][number]['shadow']

/** What candidates said about live parts, and the parts on which they differ. */
export function ShadowTab(): ReactNode {
  const { t } = useTranslation()
  const life = useLife()
  if (life.error && !life.data) return <Failed error={life.error} retry={() => void life.refetch()} />
  if (!life.data) return <Waiting />
  const shown = life.data.stations.filter((s) => s.shadow.report !== null)
  if (shown.length === 0) return <Nothing title={t('models.noShadow')} hint={t('models.noShadowHint')} />
  return (
    <div className="stack">
      {shown.map(({ station, shadow }) => (
        <ShadowPanel key={station} station={station} shadow={shadow} />
      ))}
    </div>
  )
}

function ShadowPanel({ station, shadow }: { station: string; shadow: Shadow }): ReactNode {
  const { t } = useTranslation()
  const { report, running } = shadow
  if (!report) return null
  return (
    <Panel
      title={`${station}: ${report.recipe}`}
      extra={
        <span className={running ? 'tone-pass' : 'muted'}>
          {t(running ? 'models.shadowRuns' : 'models.shadowEnded')}
          {running && running.skipped > 0 && ` · ${t('models.skipped', { n: countText(running.skipped) })}`}
        </span>
      }
    >
      <p className="muted">
        {t('models.since')} {timeText(report.since)} ({report.by})
      </p>
      {[report, ...report.earlier].map((beside) => (
        <Beside key={beside.active} beside={beside} />
      ))}
    </Panel>
  )
}

/** What the shadow said beside one recipe in force. */
function Beside({ beside }: { beside: ShadowAgreement }): ReactNode {
  const { t } = useTranslation()
  return (
    <section data-beside={beside.active}>
      <h3>{t('models.besideRecipe', { recipe: beside.active })}</h3>
      <div className="two-columns">
        <Matrix report={beside} />
        <div>
          <p>
            {t('models.agree', {
              n: countText(beside.agree),
              all: countText(beside.parts),
              share: percentText(beside.parts === 0 ? null : beside.agree / beside.parts, 2),
            })}
          </p>
          {beside.meanMs !== null && (
            <p className="muted">{t('models.meanTime', { ms: msText(beside.meanMs) })}</p>
          )}
        </div>
      </div>
      <h3>{t('models.disagreements', { n: beside.disagreements.length })}</h3>
      {beside.disagreements.length === 0 && <p className="muted">{t('models.noDisagreement')}</p>}
      <div className="disagreements">
        {beside.disagreements.slice(0, 12).map((d) => (
          <Disagreement key={d.inspectionId} part={d} />
        ))}
      </div>
    </section>
  )
}

/** Rows: recipe in force; columns: shadow. */
function Matrix({ report }: { report: ShadowAgreement }): ReactNode {
  const { t } = useTranslation()
  return (
    <table className="facts-table matrix">
      <thead>
        <tr>
          <th>{t('models.matrix')}</th>
          {RESULTS.map((r) => (
            <th key={r} className="num">
              {t(`verdict.${r}`)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {RESULTS.map((a) => (
          <tr key={a}>
            <td>{t(`verdict.${a}`)}</td>
            {RESULTS.map((c) => (
              <td
                key={c}
                className={`num ${a === c ? 'tone-pass' : report.matrix[a][c] > 0 ? 'tone-fail' : 'muted'}`}
              >
                {countText(report.matrix[a][c])}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** The part as it was judged beside its golden template, and both words on it. */
function Disagreement({ part: d }: { part: ShadowAgreement['disagreements'][number] }): ReactNode {
  const { t } = useTranslation()
  const text = useText()
  const one = useOnePart(d.inspectionId)
  const row = one.data?.part.row
  return (
    <article className="disagreement" data-disagreement={d.inspectionId}>
      <header>
        <span className="muted small">{d.active}</span> <VerdictBadge result={d.activeResult} />
        <span className="muted">→</span> <VerdictBadge result={d.candidateResult} />
        <span className="grow" />
        <Link to={`/part/${d.inspectionId}`}>{row?.serial ?? t('life.open')}</Link>
      </header>
      <div className="side-by-side">
        {row ? (
          <PartImage row={row} width={320} />
        ) : (
          <div className="no-image">{one.error ? t('part.imageNotShown') : ''}</div>
        )}
        <GoldenImage sha256={one.data?.recipe?.goldenSha256 ?? null} />
      </div>
      <p className="small">
        <b>{t('models.shadow')}:</b> {d.reasons.map(text).join(' · ')}
      </p>
    </article>
  )
}
