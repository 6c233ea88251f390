import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { StationCounters } from '../api/types.ts'
import { countText, percentText } from '../look/format.ts'

export interface Totals {
  inspected: number
  pass: number
  fail: number
  inconclusive: number
  noVerdict: number
  /** First-pass yield: parts that passed at once, of all triggers but those of challenge parts; null before the first. */
  yield: number | null
}

export function totalsOf(c: StationCounters | undefined): Totals {
  const { inspected = 0, pass = 0, fail = 0, inconclusive = 0, noVerdict = {} } = c ?? {}
  const missing = Object.values(noVerdict).reduce((sum, n) => sum + n, 0)
  const all = inspected + missing - (noVerdict.challenge ?? 0)
  return {
    inspected,
    pass,
    fail,
    inconclusive,
    noVerdict: missing,
    yield: all === 0 ? null : pass / all,
  }
}

/** Counts of the chosen time, and why the triggers without a verdict have none. */
export function CountersRow({ counters }: { counters: StationCounters | undefined }): ReactNode {
  const { t } = useTranslation()
  const totals = totalsOf(counters)
  const reasons = Object.entries(counters?.noVerdict ?? {}) as [keyof StationCounters['noVerdict'], number][]
  return (
    <div className="counters">
      <Count name={t('count.inspected')} value={countText(totals.inspected)} />
      <Count name={t('verdict.pass')} value={countText(totals.pass)} tone="pass" />
      <Count name={t('verdict.fail')} value={countText(totals.fail)} tone="fail" />
      <Count name={t('verdict.inconclusive')} value={countText(totals.inconclusive)} tone="inconclusive" />
      <Count
        name={t('count.noVerdict')}
        value={countText(totals.noVerdict)}
        tone={totals.noVerdict > 0 ? 'inconclusive' : undefined}
      />
      <Count name={t('count.yield')} value={percentText(totals.yield)} />
      {reasons.length > 0 && (
        <div className="count-reasons">
          <span className="muted">{t('count.noVerdict')}:</span>
          {reasons.map(([reason, n]) => (
            <span key={reason}>
              {t(`noVerdict.${reason}`)} <b>{n}</b>
            </span>
          ))}
        </div>
      )}
    </div>
  )
}

function Count(p: { name: string; value: string; tone?: string | undefined }): ReactNode {
  return (
    <div className={`count ${p.tone ? `tone-${p.tone}` : ''}`}>
      <span className="count-name">{p.name}</span>
      <span className="count-value" title={p.value}>
        {p.value}
      </span>
    </div>
  )
}
