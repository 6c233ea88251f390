import { Alert, Input } from 'antd'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useSend } from '../api/life-hooks.ts'
import { Dialog } from '../look/dialog.tsx'
import { ErrorWords } from '../shell/states.tsx'
import { changeAccount } from './me.ts'
import { SHORTEST } from './password-dialog.tsx'

/** An administrator gives somebody another password. */
export function NewPasswordDialog(p: { account: { id: string; name: string }; close(): void }): ReactNode {
  const { t } = useTranslation()
  const [password, setPassword] = useState('')
  const send = useSend(() => changeAccount(p.account.id, { password }))
  return (
    <Dialog
      title={t('account.newPasswordOf', { name: p.account.name })}
      okText={t('account.change')}
      cancelText={t('deed.cancel')}
      okButtonProps={{ disabled: password.length < SHORTEST, loading: send.isPending }}
      onOk={() => send.mutate(undefined, { onSuccess: p.close })}
      onCancel={p.close}
    >
      <div className="deed">
        <label>
          <span>{t('account.passwords.new')}</span>
          <Input.Password
            value={password}
            maxLength={256}
            autoComplete="new-password"
            onChange={(e) => setPassword(e.target.value)}
          />
        </label>
        <p className="muted">{t('account.passwordRule', { n: SHORTEST })}</p>
        {send.error && <Alert type="error" title={<ErrorWords error={send.error} />} />}
      </div>
    </Dialog>
  )
}
