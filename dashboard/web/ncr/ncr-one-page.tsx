import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useParams } from 'react-router'
import { useNcr } from '../api/ncr-hooks.ts'
import type { NcrDetail } from '../api/types.ts'
import { className } from '../i18n/class-names.ts'
import { momentText } from '../look/format.ts'
import { Facts, Panel } from '../look/panel.tsx'
import { Failed, Waiting } from '../shell/states.tsx'
import { LineButton } from '../shell/site.tsx'
import { ActionsPanel } from './actions-panel.tsx'
import { ContainmentPanel } from './containment-panel.tsx'
import { EffectPanel } from './effect-panel.tsx'
import { NcrState, Severity, TargetLink } from './ncr-chips.tsx'
import { AmendDialog, CauseDialog, EndDialog } from './step-dialogs.tsx'

const STEPS = ['contain', 'cause', 'act', 'verify', 'release'] as const
type Dialog = 'amend' | 'cause' | 'close' | 'reopen' | 'withdraw' | null

/** One report: what it is about, each step with who took it, what is missing, and every event in order. */
export function NcrOnePage(): ReactNode {
  const { t } = useTranslation()
  const { ncr: id = '' } = useParams()
  const query = useNcr(id)
  const [dialog, setDialog] = useState<Dialog>(null)
  if (query.error && !query.data) return <Failed error={query.error} retry={() => void query.refetch()} />
  if (!query.data) return <Waiting />
  const ncr = query.data
  // Nothing is released before it is known what is held.
  const open = (step: (typeof STEPS)[number]): boolean =>
    ncr.missing.includes(step) || (step === 'release' && ncr.missing.includes('contain'))
  return (
    <div className="page stack" data-ncr={ncr.id}>
      <div className="toolbar">
        <Link to="/ncr">← {t('ncr.reports')}</Link>
        <h2 className="mono">{ncr.id}</h2>
        <NcrState report={ncr} />
        <Severity of={ncr.severity} />
        {ncr.overdue > 0 && <span className="badge tone-fail">{t('ncr.overdue', { n: ncr.overdue })}</span>}
        <span className="grow" />
        {ncr.ended === null ? (
          <>
            <LineButton onClick={() => setDialog('withdraw')}>{t('ncr.end.withdraw')}</LineButton>
            <LineButton
              type={ncr.missing.length === 0 ? 'primary' : 'default'}
              data-ncr-close=""
              onClick={() => setDialog('close')}
            >
              {t('ncr.end.close')}
            </LineButton>
          </>
        ) : (
          <LineButton onClick={() => setDialog('reopen')}>{t('ncr.end.reopen')}</LineButton>
        )}
      </div>
      <h2>{ncr.title}</h2>
      <ol className="ncr-steps">
        {STEPS.map((s) => (
          <li key={s} className={open(s) ? 'tone-inconclusive' : 'tone-pass'}>
            {open(s) ? '○' : '●'} {t(`ncr.step.${s}`)}
          </li>
        ))}
        <li className={ncr.ended === null ? 'muted' : 'tone-pass'}>
          {ncr.ended === null ? '○' : '●'} {t('ncr.step.close')}
        </li>
      </ol>
      {ncr.ended && (
        <p className="muted">
          {t(`ncr.state.${ncr.ended.kind}`)}: {ncr.ended.reason} ({ncr.ended.by}, {momentText(ncr.ended.at)})
        </p>
      )}
      <div className="two-columns ncr-columns">
        <AboutPanel ncr={ncr} amend={() => setDialog('amend')} />
        <ContainmentPanel ncr={ncr} />
        <CausePanel ncr={ncr} state={() => setDialog('cause')} />
        <ActionsPanel ncr={ncr} />
        <EffectPanel ncr={ncr} />
        <HistoryPanel ncr={ncr} />
      </div>
      {dialog === 'amend' && <AmendDialog ncr={ncr} close={() => setDialog(null)} />}
      {dialog === 'cause' && <CauseDialog ncr={ncr} close={() => setDialog(null)} />}
      {dialog !== null && dialog !== 'amend' && dialog !== 'cause' && (
        <EndDialog ncr={ncr.id} kind={dialog} close={() => setDialog(null)} />
      )}
    </div>
  )
}

function AboutPanel({ ncr, amend }: { ncr: NcrDetail; amend(): void }): ReactNode {
  const { t } = useTranslation()
  const [first] = ncr.classes
  const analysis = first === undefined ? '/analysis' : `/analysis?class=${encodeURIComponent(first)}`
  return (
    <Panel
      title={t('ncr.about')}
      extra={
        <span className="hold-buttons">
          <Link to={analysis}>{t('nav.analysis')}</Link>
          {ncr.ended === null && (
            <LineButton data-ncr-amend="" onClick={amend}>
              {t('ncr.change')}
            </LineButton>
          )}
        </span>
      }
    >
      <Facts
        items={[
          [
            t('ncr.targets'),
            ncr.targets.map((x) => (
              <div key={x.uri} className="mono">
                <TargetLink name={x.name} />
              </div>
            )),
          ],
          [t('ncr.classes'), ncr.classes.map(className).join(', ') || '–'],
          [
            t('ncr.evidence'),
            ncr.inspections.length === 0
              ? '–'
              : ncr.inspections.map((i) => (
                  <div key={i.inspectionId}>
                    <Link className="mono" to={`/part/${i.inspectionId}`}>
                      {i.serial}
                    </Link>{' '}
                    <span className="muted">
                      {i.station} {momentText(i.at)}
                    </span>
                  </div>
                )),
          ],
          [t('ncr.opened'), `${ncr.opened.by}, ${momentText(ncr.opened.at)}`],
        ]}
      />
    </Panel>
  )
}

function CausePanel({ ncr, state }: { ncr: NcrDetail; state(): void }): ReactNode {
  const { t } = useTranslation()
  const { cause } = ncr
  return (
    <Panel
      title={t('ncr.step.cause')}
      extra={ncr.ended === null && <LineButton onClick={state}>{t('ncr.state.cause')}</LineButton>}
    >
      {cause === null ? (
        <p className="muted">{t('ncr.notYet')}</p>
      ) : (
        <>
          <p>
            <b>{t(`ncr.category.${cause.category}`)}</b>{' '}
            <span className="muted">
              ({cause.by}, {momentText(cause.at)})
            </span>
          </p>
          <ol className="whys">
            {cause.whys.map((why, i) => (
              <li key={i}>
                <span className="muted">{t('ncr.why', { n: i + 1 })}</span> {why}
              </li>
            ))}
          </ol>
        </>
      )}
    </Panel>
  )
}

function HistoryPanel({ ncr }: { ncr: NcrDetail }): ReactNode {
  const { t } = useTranslation()
  return (
    <Panel title={t('ncr.history')}>
      <ul className="edges">
        {ncr.history.map((h) => (
          <li key={h.position}>
            <span className="muted mono">#{h.position}</span> <span className="mono">{momentText(h.at)}</span>{' '}
            <b>{t(`ncr.did.${h.kind}`)}</b> {h.text} <span className="muted">({h.by})</span>
          </li>
        ))}
      </ul>
    </Panel>
  )
}
