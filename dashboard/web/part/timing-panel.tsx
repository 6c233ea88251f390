import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { StageTiming } from '../api/types.ts'
import { msText } from '../look/format.ts'
import { Panel } from '../look/panel.tsx'

interface Stage {
  name: string
  ms: number
  colour: string
}

const TOOL_COLOURS = ['#4c9aff', '#7f7bff', '#38b6c9', '#9c6ade', '#5fb3ff', '#57cfa0']

/** Where the time went, on the scale of the part's budget. */
export function TimingPanel({
  timing,
  budgetMs,
}: {
  timing: StageTiming | null
  budgetMs: number
}): ReactNode {
  const { t } = useTranslation()
  if (!timing)
    return (
      <Panel title={t('timing.title')}>
        <p className="muted small">{t('timing.none')}</p>
      </Panel>
    )
  const named: Stage[] = [
    { name: t('timing.queue'), ms: timing.queueMs, colour: '#5b6675' },
    { name: t('timing.decode'), ms: timing.decodeMs, colour: '#b08d57' },
    { name: t('timing.gate'), ms: timing.gateMs, colour: '#8f9d3f' },
    ...Object.entries(timing.toolsMs).map(([tool, ms], i) => ({
      name: tool,
      ms,
      colour: TOOL_COLOURS[i % TOOL_COLOURS.length] ?? '#4c9aff',
    })),
    { name: t('timing.rules'), ms: timing.ruleMs, colour: '#d07db0' },
  ]
  const known = named.reduce((sum, s) => sum + s.ms, 0)
  const stages = [
    ...named,
    { name: t('timing.other'), ms: Math.max(0, timing.totalMs - known), colour: '#39424f' },
  ].filter((s) => s.ms > 0)
  const top = Math.max(budgetMs, timing.totalMs, known)
  const late = timing.totalMs > budgetMs
  return (
    <Panel
      title={t('timing.title')}
      extra={
        <span className={late ? 'tone-fail' : 'muted'}>
          <b className={late ? '' : 'text'}>{msText(timing.totalMs)}</b> / {msText(budgetMs)}
        </span>
      }
    >
      <div className="timing-bar">
        {stages.map((s) => (
          <i
            key={s.name}
            title={`${s.name} ${msText(s.ms)}`}
            style={{ width: `${(s.ms / top) * 100}%`, background: s.colour }}
          />
        ))}
        <span className="timing-budget" style={{ left: `${(budgetMs / top) * 100}%` }} />
      </div>
      <ul className="timing-legend">
        {stages.map((s) => (
          <li key={s.name}>
            <i className="swatch" style={{ background: s.colour }} />
            {s.name} <b className="mono">{msText(s.ms)}</b>
          </li>
        ))}
        <li className="muted">
          {t('timing.infer')} <b className="mono">{msText(timing.inferMs)}</b>
        </li>
      </ul>
    </Panel>
  )
}
