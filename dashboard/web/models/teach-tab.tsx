import { Alert, Button, Progress } from 'antd'
import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { sendJson } from '../api/client.ts'
import { useSend, useTeach } from '../api/life-hooks.ts'
import type { ShownTeachRun } from '../api/types.ts'
import { useText } from '../i18n/index.ts'
import { numberText, percentText, shortHash, timeText } from '../look/format.ts'
import { Panel } from '../look/panel.tsx'
import { ErrorWords, Failed, Nothing, Waiting } from '../shell/states.tsx'
import { Need, TeachForm } from './teach-form.tsx'
import { TeachSuspicious } from './teach-suspicious.tsx'

/** Teaching beside the line: what to teach from, the one that runs, and what came of the others. */
export function TeachTab(): ReactNode {
  const { t } = useTranslation()
  const teach = useTeach()
  if (teach.error && !teach.data) return <Failed error={teach.error} retry={() => void teach.refetch()} />
  if (!teach.data) return <Waiting />
  const { running, runs, folders } = teach.data
  return (
    <div className="stack">
      {running !== null && <Running run={running} />}
      {/* Kept while a model is taught: what was typed is wanted again when it is cancelled. */}
      <div hidden={running !== null}>
        <TeachForm folders={folders} />
      </div>
      <Panel title={t('teach.results')}>
        {runs.length === 0 ? (
          <Nothing title={t('teach.none')} hint={t('teach.noneHint')} />
        ) : (
          <ul className="stack">
            {runs.map((run) => (
              <li key={run.id} data-teach-run={run.state}>
                <Ended run={run} />
              </li>
            ))}
          </ul>
        )}
      </Panel>
    </div>
  )
}

function Running({ run }: { run: ShownTeachRun }): ReactNode {
  const { t } = useTranslation()
  const cancel = useSend(() => sendJson('POST', '/api/life/teach/cancel', { id: run.id }))
  const { stage, done, total } = run.progress
  return (
    <Panel
      title={t('teach.running', { id: `${run.ask.id} ${run.version}` })}
      extra={
        <Button
          danger
          data-teach-cancel=""
          loading={cancel.isPending}
          onClick={() => cancel.mutate(undefined)}
        >
          {t('teach.cancel')}
        </Button>
      }
    >
      <p>
        {t(`teach.stage.${stage}`)} {done} / {total}{' '}
        <span className="muted">
          {run.ask.by}, {timeText(run.startedAt)}
        </span>
      </p>
      <Progress percent={total === 0 ? 0 : Math.round((100 * done) / total)} />
      {run.images !== null && (
        <p className="muted">{t('teach.chosen', { n: run.images, missing: run.withoutImage })}</p>
      )}
      {run.estimate && (
        <p className="muted" data-teach-need="">
          <Need of={run.estimate} />
        </p>
      )}
      {cancel.error && <Alert type="error" title={<ErrorWords error={cancel.error} />} />}
    </Panel>
  )
}

const TONE = { done: 'tone-pass', failed: 'tone-fail', cancelled: 'muted', running: '' } as const

function Ended({ run }: { run: ShownTeachRun }): ReactNode {
  const { t } = useTranslation()
  const text = useText()
  const { made } = run
  return (
    <>
      <p>
        <b>{run.ask.id}</b> {run.version}{' '}
        {run.of && <span className="muted">{t('teach.of', { version: run.of.version })} </span>}
        <span className={`badge ${TONE[run.state]}`}>{t(`teach.state.${run.state}`)}</span>{' '}
        <span className="muted">
          {run.ask.by}, {timeText(run.startedAt)}
        </span>{' '}
        {made && <code title={made.sha256}>{shortHash(made.sha256)}</code>}
      </p>
      {run.error && run.state === 'failed' && (
        <p className="tone-fail wrap">
          <ErrorWords error={run.error} />
        </p>
      )}
      {made && <Report report={made.report} say={text} />}
      {made && made.report.suspicious.length > 0 && <TeachSuspicious run={run} made={made} />}
    </>
  )
}

const sizeText = (s: { widthPx: number; heightPx: number }): string => `${s.widthPx} x ${s.heightPx}`

function Report(p: {
  report: NonNullable<ShownTeachRun['made']>['report']
  say(text: { zh: string; en: string }): string
}): ReactNode {
  const { t } = useTranslation()
  const { choice, threshold, learningCurve, warnings, defectImages, turnedCopies = 0, workpieces } = p.report
  const { working, source, tiles } = p.report
  const { promise } = threshold
  return (
    <div className="muted">
      <p>
        {t('registry.threshold')} <b className="text">{numberText(threshold.value)}</b>:{' '}
        {t('teach.promise', {
          n: promise.parts,
          promised: percentText(promise.promised),
          confidence: percentText(promise.confidence, 0),
          found: percentText(threshold.detection),
        })}
      </p>
      <p>
        {t('teach.method')} <b className="text">{choice.chosen.method}</b>:{' '}
        {typeof choice.reason === 'string' ? choice.reason : p.say(choice.reason)}
      </p>
      {choice.notMeasured?.map(({ methods, reason }) => (
        <p key={methods.join()}>
          {t('teach.notMeasured', { methods: methods.join(', ') })}: {p.say(reason)}
        </p>
      ))}
      <p>
        {t('teach.curve')}: {t(learningCurve.enough ? 'teach.enough' : 'teach.more')} (
        {learningCurve.points.map((c) => `${c.goodImages}: ${numberText(c.meanGood)}`).join(' → ')})
      </p>
      <p>
        {turnedCopies > 0 ? t('teach.turned', { n: turnedCopies }) : t('teach.notTurned')}
        {defectImages > 0 && <> {t('teach.defective', { n: defectImages })}</>}
        {workpieces && workpieces.by !== null && (
          <> {t(`teach.by.${workpieces.by}`, { n: p.report.goodImages, count: workpieces.count })}</>
        )}
      </p>
      {working && source && (
        <p>
          {t('teach.judged', { working: sizeText(working), source: sizeText(source) })}
          {tiles && <> {t('teach.tiles', { columns: tiles.columns, rows: tiles.rows })}</>}
        </p>
      )}
      {warnings.map((w) => (
        <p key={w.en}>{p.say(w)}</p>
      ))}
    </div>
  )
}
