import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Verdict } from '../api/types.ts'
import { numberText } from '../look/format.ts'
import { Panel } from '../look/panel.tsx'

/**
 * Which rule decided, what each asked, and with which values: enough to judge the judgement. The one that
 * decides has the colour of its verdict; others that matched say nothing worse.
 */
export function RulesPanel({ verdict: { trace, result } }: { verdict: Verdict }): ReactNode {
  const { t } = useTranslation()
  // Rules of the same weight that matched decide together: `a+b`.
  const deciders = trace.decidedBy.split('+')
  const decided =
    trace.decidedBy === 'default' || trace.decidedBy === 'no-verdict'
      ? t(`rules.${trace.decidedBy}`)
      : trace.decidedBy
  return (
    <Panel
      title={t('rules.title')}
      extra={
        <span className="muted">
          {t('rules.decidedBy')} <b className="text">{decided}</b>
        </span>
      }
    >
      {trace.steps.length === 0 && <p className="muted small">{t('rules.none')}</p>}
      <ol className="rules">
        {trace.steps.map((step, i) => {
          const decides = deciders.includes(step.rule)
          return (
            <li key={i} data-decides={decides ? result : undefined}>
              <div className="rule-head">
                <span className={decides ? `tone-${result}` : step.matched ? '' : 'muted'}>
                  {t(step.matched ? 'rules.matched' : 'rules.notMatched')}
                </span>
                <b>{step.rule}</b>
                {decides && <span className="chip">{t('rules.decides')}</span>}
              </div>
              <code className="rule-when">{step.when}</code>
              <div className="rule-inputs">
                {Object.entries(step.inputs).map(([name, value]) => (
                  <span key={name} className="mono">
                    {name} = {inputText(value)}
                  </span>
                ))}
                {step.defects.length > 0 && (
                  <span className="mono">
                    {t('rules.condemns')} {step.defects.join(', ')}
                  </span>
                )}
              </div>
            </li>
          )
        })}
      </ol>
    </Panel>
  )
}

const MAX_INPUT = 160

function inputText(value: unknown): string {
  if (typeof value === 'number') return numberText(value)
  const text = JSON.stringify(value) ?? String(value)
  return text.length > MAX_INPUT ? `${text.slice(0, MAX_INPUT)}…` : text
}
