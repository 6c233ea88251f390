import { Alert, Button, Input } from 'antd'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'
import { Decision } from '../api/decision.ts'
import { useSend } from '../api/life-hooks.ts'
import { SignInAgain } from '../people/sign-in-again.tsx'
import { Dialog } from './dialog.tsx'
import { ErrorWords } from '../shell/states.tsx'
import { usePerson } from './person.ts'

export interface Deed {
  by: string
  reason: string
}

/**
 * Asks for a name and a reason before something is done that others must be able to answer for. Stays open with the
 * error when it is refused; what is then sent again is the same decision.
 */
export function DeedDialog(p: {
  title: string
  /** What will happen, in words. */
  children?: ReactNode
  confirm: string
  danger?: boolean
  reasonNeeded?: boolean
  /** No field for a reason at all. */
  withoutReason?: boolean
  reason?: string
  /** False while a field of `children` is missing. */
  complete?: boolean
  act(deed: Deed, decision: Decision): Promise<unknown>
  close(): void
}): ReactNode {
  const { t } = useTranslation()
  const [by, setBy, stands] = usePerson()
  const [reason, setReason] = useState(p.reason ?? '')
  const [decision] = useState(() => new Decision())
  const send = useSend((deed: Deed) => p.act(deed, decision))
  const ready =
    p.complete !== false &&
    by.trim() !== '' &&
    (p.withoutReason === true || p.reasonNeeded === false || reason.trim() !== '')
  const go = (): void => {
    if (ready) send.mutate({ by: by.trim(), reason: reason.trim() }, { onSuccess: p.close })
  }
  return (
    <Dialog
      title={p.title}
      onCancel={p.close}
      footer={
        <>
          <Button onClick={p.close}>{t('deed.cancel')}</Button>
          <Button
            type="primary"
            danger={p.danger ?? false}
            disabled={!ready}
            loading={send.isPending}
            onClick={go}
          >
            {p.confirm}
          </Button>
        </>
      }
    >
      <div className="deed">
        {p.children}
        <label>
          <span>{t('deed.by')}</span>
          <Input value={by} maxLength={128} disabled={stands} onChange={(e) => setBy(e.target.value)} />
        </label>
        {!p.withoutReason && (
          <label>
            <span>{t(p.reasonNeeded === false ? 'deed.reasonOptional' : 'deed.reason')}</span>
            <Input.TextArea
              value={reason}
              maxLength={500}
              rows={2}
              onChange={(e) => setReason(e.target.value)}
              onPressEnter={(e) => {
                if (e.ctrlKey || e.metaKey) go()
              }}
            />
          </label>
        )}
        {send.error && (
          <Alert
            type="error"
            title={<ErrorWords error={send.error} />}
            action={<SignInAgain error={send.error} />}
            description={
              send.error instanceof ApiError && send.error.code === 'TRC_DUPLICATE' && t('deed.recorded')
            }
          />
        )}
      </div>
    </Dialog>
  )
}
