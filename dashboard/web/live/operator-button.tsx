import { Alert, Button, Input } from 'antd'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useSend } from '../api/life-hooks.ts'
import { signOn, useOperators } from '../api/operator-hooks.ts'
import { Dialog } from '../look/dialog.tsx'
import { SignInAgain } from '../people/sign-in-again.tsx'
import { ErrorWords } from '../shell/states.tsx'

/** Who works at a station, and the change of them by badge or name. */
export function OperatorButton({ station }: { station: string }): ReactNode {
  const { t } = useTranslation()
  const operators = useOperators()
  const [open, setOpen] = useState(false)
  const [badge, setBadge] = useState('')
  const send = useSend((who: string | null) => signOn(station, who))
  const close = (): void => {
    setOpen(false)
    setBadge('')
    send.reset()
  }
  const go = (who: string | null): void => send.mutate(who, { onSuccess: close })
  const on = operators.data?.stations.find((s) => s.station === station)?.operator
  if (!operators.data) return null
  return (
    <>
      <Button size="small" type="text" data-operator={station} onClick={() => setOpen(true)}>
        {t('live.operator')} <b>{on ? (on.name ?? on.ref) : '–'}</b>
      </Button>
      {open && (
        <Dialog
          title={t('live.signOnTitle', { station })}
          onCancel={close}
          footer={
            <>
              <Button danger disabled={!on} loading={send.isPending} onClick={() => go(null)}>
                {t('live.signOff')}
              </Button>
              <Button
                type="primary"
                disabled={badge.trim() === ''}
                loading={send.isPending}
                onClick={() => go(badge.trim())}
              >
                {t('live.signOn')}
              </Button>
            </>
          }
        >
          <div className="deed">
            <label>
              <span>{t('live.badge')}</span>
              <Input
                value={badge}
                maxLength={64}
                onChange={(e) => setBadge(e.target.value)}
                onPressEnter={() => badge.trim() !== '' && go(badge.trim())}
              />
            </label>
            {send.error && (
              <Alert
                type="error"
                title={<ErrorWords error={send.error} />}
                action={<SignInAgain error={send.error} />}
              />
            )}
          </div>
        </Dialog>
      )}
    </>
  )
}
