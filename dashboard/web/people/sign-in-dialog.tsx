import { Alert, Input } from 'antd'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useSend } from '../api/life-hooks.ts'
import { Dialog } from '../look/dialog.tsx'
import { ErrorWords } from '../shell/states.tsx'
import { signIn, useMe } from './me.ts'

export function SignInDialog({ close }: { close(): void }): ReactNode {
  const { t } = useTranslation()
  const me = useMe().data
  const [account, setAccount] = useState('')
  const [password, setPassword] = useState('')
  const send = useSend(() => signIn(account.trim(), password))
  const ready = account.trim() !== '' && password !== ''
  const go = (): void => {
    if (ready) send.mutate(undefined, { onSuccess: close })
  }
  return (
    <Dialog
      title={t('account.signIn')}
      okText={t('account.signIn')}
      cancelText={t('deed.cancel')}
      okButtonProps={{ disabled: !ready, loading: send.isPending }}
      onOk={go}
      onCancel={close}
    >
      <form
        className="deed"
        onSubmit={(e) => {
          e.preventDefault()
          go()
        }}
      >
        {me?.maySignIn === false && <Alert type="warning" title={t('account.notSecure')} />}
        <label>
          <span>{t('account.id')}</span>
          <Input
            value={account}
            autoComplete="username"
            maxLength={64}
            onChange={(e) => setAccount(e.target.value)}
          />
        </label>
        <label>
          <span>{t('account.password')}</span>
          <Input.Password
            value={password}
            autoComplete="current-password"
            maxLength={256}
            onChange={(e) => setPassword(e.target.value)}
            onPressEnter={go}
          />
        </label>
        {send.error && <Alert type="error" title={<ErrorWords error={send.error} />} />}
      </form>
    </Dialog>
  )
}
