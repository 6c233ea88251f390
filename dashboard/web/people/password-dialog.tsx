import { Alert, Input } from 'antd'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useSend } from '../api/life-hooks.ts'
import { Dialog } from '../look/dialog.tsx'
import { ErrorWords } from '../shell/states.tsx'
import { changeOwnPassword } from './me.ts'

/** Characters of a password at least, as the server asks for. */
export const SHORTEST = 10

/** Changes the own password. */
export function PasswordDialog({ close }: { close(): void }): ReactNode {
  const { t } = useTranslation()
  const [old, setOld] = useState('')
  const [password, setPassword] = useState('')
  const [again, setAgain] = useState('')
  const send = useSend(() => changeOwnPassword(old, password))
  const ready = old !== '' && password.length >= SHORTEST && password === again
  const fields = [
    ['old', old, setOld, 'current-password'],
    ['new', password, setPassword, 'new-password'],
    ['again', again, setAgain, 'new-password'],
  ] as const
  return (
    <Dialog
      title={t('account.ownPassword')}
      okText={t('account.change')}
      cancelText={t('deed.cancel')}
      okButtonProps={{ disabled: !ready, loading: send.isPending }}
      onOk={() => send.mutate(undefined, { onSuccess: close })}
      onCancel={close}
    >
      <div className="deed">
        {fields.map(([name, value, set, complete]) => (
          <label key={name}>
            <span>{t(`account.passwords.${name}`)}</span>
            <Input.Password
              value={value}
              autoComplete={complete}
              maxLength={256}
              onChange={(e) => set(e.target.value)}
            />
          </label>
        ))}
        <p className="muted">{t('account.passwordRule', { n: SHORTEST })}</p>
        {again !== '' && again !== password && <Alert type="warning" title={t('account.differ')} />}
        {send.error && <Alert type="error" title={<ErrorWords error={send.error} />} />}
      </div>
    </Dialog>
  )
}
