import { notifyManager, useQueryClient, type Query } from '@tanstack/react-query'
import { Button } from 'antd'
import { useCallback, useSyncExternalStore, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useLive } from '../live/feed.ts'
import { clockText } from '../look/format.ts'
import { LinkLostIcon } from '../look/icons.tsx'
import { lineNow } from '../look/line-clock.ts'
import { ErrorWords } from './states.tsx'

const isOld = ({ state, meta }: Query): boolean =>
  state.status === 'error' && state.data !== undefined && meta?.['quiet'] !== true

/** What is asked for again and not answered stays on the screen, and looks as if it were of now: say of when it is. */
export function OldAnswers(): ReactNode {
  const { t } = useTranslation()
  const { connection } = useLive()
  const client = useQueryClient()
  const cache = client.getQueryCache()
  const oldest = useSyncExternalStore(
    useCallback((changed) => cache.subscribe(notifyManager.batchCalls(changed)), [cache]),
    () =>
      cache
        .findAll({ type: 'active', predicate: isOld })
        .map((query) => query.state)
        .sort((a, b) => a.dataUpdatedAt - b.dataUpdatedAt)[0],
  )
  // The banner of the connection says it of everything.
  if (oldest === undefined || connection === 'lost') return null
  const time = clockText(new Date(lineNow(oldest.dataUpdatedAt)), new Date(lineNow()))
  return (
    <div className="banner tone-fail" role="alert" data-old-answers="">
      <LinkLostIcon size={20} />
      <b>{t('link.oldAnswers', { time })}</b>
      <span>
        <ErrorWords error={oldest.error} />
      </span>
      <Button onClick={() => void client.refetchQueries({ type: 'active', predicate: isOld })}>
        {t('error.retry')}
      </Button>
    </div>
  )
}
