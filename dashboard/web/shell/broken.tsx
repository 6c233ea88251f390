import { Button, Result } from 'antd'
import { Component, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

/** What the engines of browsers say when a part of the pages did not arrive: Chromium, Firefox, Safari. */
const NOT_LOADED = /dynamically imported module|importing a module script failed/i

/**
 * Catches what a page throws, also that its program did not arrive since the server is away: says so in its place, where
 * React would leave an empty screen.
 */
export class Guarded extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: null }

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error: error ?? 'nothing' }
  }

  override render(): ReactNode {
    const { error } = this.state
    return error === null ? this.props.children : <Broken error={error} />
  }
}

function Broken({ error }: { error: unknown }): ReactNode {
  const { t } = useTranslation()
  const words = error instanceof Error ? error.message : String(error)
  return (
    <div role="alert">
      <Result
        status="error"
        icon={null}
        title={t('error.broken')}
        subTitle={
          <span className="failed-text">{NOT_LOADED.test(words) ? t('error.notLoaded') : words}</span>
        }
        extra={<Button onClick={() => location.reload()}>{t('error.reload')}</Button>}
      />
    </div>
  )
}
