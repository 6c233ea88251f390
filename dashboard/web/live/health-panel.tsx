import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { LineState } from '../api/types.ts'
import { useText } from '../i18n/index.ts'
import { countText } from '../look/format.ts'
import { Panel } from '../look/panel.tsx'
import { ErrorWords } from '../shell/states.tsx'

type Tone = 'pass' | 'inconclusive' | 'fail'

const cameraTone = (state: LineState['stations'][number]['camera']['state']): Tone =>
  state === 'online' || state === 'idle'
    ? 'pass'
    : state === 'opening' || state === 'late' || state === 'reconnecting'
      ? 'inconclusive'
      : 'fail'

const storeTone = (state: LineState['store']['state']): Tone =>
  state === 'ok' ? 'pass' : state === 'failed' ? 'fail' : 'inconclusive'

/** Whether each part of the system does its work, by counts of work done. */
export function HealthPanel({ state }: { state: LineState }): ReactNode {
  const { t } = useTranslation()
  const text = useText()
  const { inspector, store } = state
  return (
    <Panel title={t('health.title')}>
      {state.stations.map(({ id, camera, reject }) => (
        <div key={id} className="health-group">
          <Row
            tone={cameraTone(camera.state)}
            name={`${t('health.camera')} ${id}`}
            value={t(`camera.${camera.state}`)}
          >
            {t('health.frames')} {countText(camera.frames)} · {t('health.missed')} {camera.missed} ·{' '}
            {t('health.restarts')} {camera.restarts}
            {camera.lastError && <ErrorLine error={camera.lastError} />}
          </Row>
          <Row
            tone={reject.connected ? (reject.failed > 0 ? 'inconclusive' : 'pass') : 'fail'}
            name={`${t('health.gate')} ${id}`}
            value={t(reject.connected ? 'health.connected' : 'health.disconnected')}
          >
            {t('health.applied')} {countText(reject.applied)} · {t('health.failed')} {reject.failed}
            {reject.lastError && <ErrorLine error={reject.lastError} />}
          </Row>
        </div>
      ))}
      {state.readers.map((r) => (
        <Row
          key={r.reader}
          tone={r.state === 'running' ? 'pass' : 'inconclusive'}
          name={`${t('health.reader')} ${r.reader}`}
          value={t(r.state === 'running' ? 'health.connected' : 'health.disconnected')}
        >
          {r.adapter} · {t('health.reads')} {countText(r.reads)} · {t('health.stray')} {r.stray} ·{' '}
          {t('health.refused')} {r.refused}
          {r.lastError && <ErrorLine error={r.lastError} />}
        </Row>
      ))}
      <Row
        tone={inspector.workers === 0 ? 'fail' : inspector.degraded ? 'inconclusive' : 'pass'}
        name={t('health.inspector')}
        value={`${inspector.busy} / ${inspector.workers} ${t('health.busy')}`}
      >
        {t(`inspector.${inspector.mode}`)} · {inspector.provider} · {t('health.queued')} {inspector.queued} ·{' '}
        {t('health.completed')} {countText(inspector.completed)} · {t('health.failed')} {inspector.failed}
        {inspector.degraded && <div className="tone-inconclusive">{text(inspector.degraded)}</div>}
      </Row>
      <Row tone={storeTone(store.state)} name={t('health.store')} value={t(`store.${store.state}`)}>
        {t('health.captured')} {countText(store.captured)} · {t('health.queued')} {store.queued} ·{' '}
        {t('health.spooled')} {store.spooled}
        {store.lastError && <ErrorLine error={store.lastError} />}
      </Row>
    </Panel>
  )
}

const ErrorLine = ({ error }: { error: string }): ReactNode => (
  <div className="tone-fail">
    <ErrorWords error={error} />
  </div>
)

function Row(p: { tone: Tone; name: string; value: string; children: ReactNode }): ReactNode {
  return (
    <div className="health-row">
      <span className={`link-state tone-${p.tone}`}>
        <i className="dot" />
      </span>
      <div className="grow">
        <div className="health-name">
          <span>{p.name}</span>
          <b className={`tone-${p.tone}`}>{p.value}</b>
        </div>
        <div className="muted small">{p.children}</div>
      </div>
    </div>
  )
}
