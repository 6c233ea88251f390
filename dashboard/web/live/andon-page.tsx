import { type CSSProperties, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { useCounters, useLine } from '../api/hooks.ts'
import { useText } from '../i18n/index.ts'
import { clockText, codeText, countText, percentText } from '../look/format.ts'
import { VerdictIcon } from '../look/icons.tsx'
import { lineNow } from '../look/line-clock.ts'
import { useVerdictWord } from '../look/verdict-badge.tsx'
import { Clock } from '../shell/shell.tsx'
import { ConnectionBanner } from '../shell/connection-banner.tsx'
import { Failed, Waiting } from '../shell/states.tsx'
import { useTitle } from '../shell/title.ts'
import { AlarmBar } from './alarm-bar.tsx'
import { totalsOf } from './counters-row.tsx'
import { useLive } from './feed.ts'
import { useNewestPages } from './new-program.ts'
import { OldCounts } from './old-counts.tsx'
import { useSince } from './span.ts'

/** Stations beside one another that are still wide enough for their words. */
const IN_A_ROW = 4
/** Beyond so many alarms one of each kind is enough: nobody scrolls on the wall, and the stations are what it hangs there for. */
const MANY_ALARMS = 3

const variables = (values: Record<`--${string}`, number>): CSSProperties => values as CSSProperties

/** As large as its longest run of letters lets it be within its station. */
function Word({ text }: { text: string }): ReactNode {
  const widest = Math.max(...text.split(' ').map((run) => run.replaceAll(/\P{ASCII}/gu, '..').length))
  return (
    <div className="andon-word" style={variables({ '--letters': widest })}>
      {text}
    </div>
  )
}

/** For a screen above the line, read from 3 m: one sign per station, few words, large figures. */
export function AndonPage(): ReactNode {
  const { t } = useTranslation()
  const text = useText()
  const word = useVerdictWord()
  const live = useLive()
  const line = useLine()
  // Nobody touches a screen on the wall, nor is anything typed there.
  useNewestPages()
  const counters = useCounters(useSince('h8'))
  useTitle(t('nav.andon'))
  if (!line.data)
    return line.error ? <Failed error={line.error} retry={() => void line.refetch()} /> : <Waiting />
  const state = live.state ?? line.data.state
  const { length } = line.data.info.stations
  const columns = length <= IN_A_ROW ? Math.max(1, length) : Math.ceil(Math.sqrt(length))
  const rows = Math.ceil(length / columns) || 1
  return (
    <main className="andon">
      <h1 className="unseen">{t('nav.andon')}</h1>
      <header>
        <Link to="/">{text(line.data.info.title)}</Link>
        {live.connection === 'lost' ? (
          <span className="tone-fail">{t('link.lost')}</span>
        ) : (
          <span className={`tone-${state.run === 'running' ? 'pass' : 'fail'}`}>{t(`run.${state.run}`)}</span>
        )}
        <span className="grow" />
        <span className="muted andon-span">
          {t('live.span')} {t('live.spans.h8')}
        </span>
        <Clock />
      </header>
      <ConnectionBanner />
      <AlarmBar state={state} {...(state.alarms.length > MANY_ALARMS && { most: 1 })} />
      <OldCounts of={[counters]} />
      <div
        className={`andon-stations ${rows > 1 ? 'many' : ''}`}
        style={variables({ '--columns': columns, '--rows': rows })}
      >
        {line.data.info.stations.map(({ id }) => {
          const last = live.parts.get(id)?.[0]
          const totals = totalsOf(counters.data?.find((c) => c.station === id))
          return (
            <section
              key={id}
              className={`andon-station ${last ? `fill-${last.result}` : ''}`}
              data-station={id}
            >
              <h2>{id}</h2>
              {last ? (
                <>
                  <VerdictIcon result={last.result} size={220} />
                  <Word text={word(last)} />
                  <div className="andon-serial">{codeText(last.serial)}</div>
                  <div className="andon-time">
                    {t('live.lastAt', { time: clockText(new Date(last.at), new Date(lineNow())) })}
                  </div>
                  <div className="andon-reason">{last.reasons.map(text).join(' · ')}</div>
                </>
              ) : (
                <Word text={t('live.noParts')} />
              )}
              <footer>
                <Figure name={t('count.inspected')} value={countText(totals.inspected)} />
                <Figure name={t('verdict.fail')} value={countText(totals.fail)} />
                <Figure name={t('count.noVerdict')} value={countText(totals.noVerdict)} />
                <Figure name={t('count.yield')} value={percentText(totals.yield)} />
              </footer>
            </section>
          )
        })}
      </div>
    </main>
  )
}

const Figure = ({ name, value }: { name: string; value: string }): ReactNode => (
  <div>
    <b>{value}</b>
    <span>{name}</span>
  </div>
)
