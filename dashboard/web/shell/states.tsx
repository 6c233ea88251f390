import { Button, Empty, Result, Spin } from 'antd'
import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError, codedText } from '../api/client.ts'
import { useText } from '../i18n/index.ts'

export const Waiting = (): ReactNode => (
  <div className="waiting">
    <Spin />
  </div>
)

/** An empty place that says what would fill it. */
export function Nothing({ title, hint }: { title: string; hint?: string }): ReactNode {
  return (
    <Empty
      image={Empty.PRESENTED_IMAGE_SIMPLE}
      description={
        <>
          <div className="nothing-title">{title}</div>
          {hint && <div className="muted">{hint}</div>}
        </>
      }
    />
  )
}

/** An error in the language of the page, with its code: an answer, a fact of the server, or the message of one. */
export function ErrorWords({ error }: { error: unknown }): ReactNode {
  const text = useText()
  const coded = codedText(error)
  if (coded === null) return error instanceof Error ? error.message : String(error)
  return (
    <>
      <code>{coded.code}</code> {text(coded.text)}
    </>
  )
}

/** What failed, with its code, and a way to try again. */
export function Failed({ error, retry }: { error: unknown; retry?: () => void }): ReactNode {
  const { t } = useTranslation()
  const coded = error instanceof ApiError ? error : null
  return (
    <Result
      status={coded?.status === 404 ? '404' : 'error'}
      icon={null}
      title={coded?.code === 'NETWORK' ? t('error.network') : t('error.title')}
      subTitle={
        <span className="failed-text">
          <ErrorWords error={error} />
        </span>
      }
      extra={retry && <Button onClick={retry}>{t('error.retry')}</Button>}
    />
  )
}
