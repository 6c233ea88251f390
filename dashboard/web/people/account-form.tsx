import { Alert, Button, Input, Segmented, Select } from 'antd'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useSend } from '../api/life-hooks.ts'
import type { AccountsAnswer, Me } from '../api/types.ts'
import { ErrorWords } from '../shell/states.tsx'
import { addAccount } from './me.ts'
import { SHORTEST } from './password-dialog.tsx'
import { ROLES } from './roles.ts'

const ID = /^[a-z0-9][a-z0-9._-]{0,31}$/

/** A new account. @param p.made hears of it, with the token of a machine */
export function AccountForm(p: { made(id: string, answer: AccountsAnswer): void }): ReactNode {
  const { t } = useTranslation()
  const [kind, setKind] = useState<'person' | 'machine'>('person')
  const [id, setId] = useState('')
  const [name, setName] = useState('')
  const [role, setRole] = useState<Me['role']>(ROLES[0])
  const [password, setPassword] = useState('')
  const send = useSend(() =>
    addAccount({
      id,
      role,
      kind,
      ...(name.trim() !== '' && { name: name.trim() }),
      ...(kind === 'person' && { password }),
    }),
  )
  const ready = ID.test(id) && (kind === 'machine' || password.length >= SHORTEST)
  const go = (): void => {
    send.mutate(undefined, {
      onSuccess: (answer) => {
        p.made(id, answer)
        setId('')
        setName('')
        setPassword('')
      },
    })
  }
  return (
    <div className="deed account-form">
      <Segmented
        aria-label={t('account.kind')}
        value={kind}
        onChange={setKind}
        options={(['person', 'machine'] as const).map((value) => ({
          value,
          label: t(`account.kinds.${value}`),
        }))}
      />
      <label>
        <span>{t('account.id')}</span>
        <Input
          value={id}
          maxLength={32}
          autoComplete="off"
          status={id === '' || ID.test(id) ? '' : 'warning'}
          placeholder="li.wei"
          onChange={(e) => setId(e.target.value)}
        />
      </label>
      <label>
        <span>{t('account.name')}</span>
        <Input value={name} maxLength={64} placeholder={id} onChange={(e) => setName(e.target.value)} />
      </label>
      <label>
        <span>{t('account.roleWord')}</span>
        <Select<Me['role']>
          aria-label={t('account.roleWord')}
          value={role}
          onChange={setRole}
          options={ROLES.map((value) => ({
            value,
            label: `${t(`account.role.${value}`)} – ${t(`account.may.${value}`)}`,
          }))}
        />
      </label>
      {kind === 'person' && (
        <label>
          <span>{t('account.password')}</span>
          <Input.Password
            value={password}
            maxLength={256}
            autoComplete="new-password"
            onChange={(e) => setPassword(e.target.value)}
          />
        </label>
      )}
      <p className="muted">
        {kind === 'person' ? t('account.passwordRule', { n: SHORTEST }) : t('account.tokenRule')}
      </p>
      {send.error && <Alert type="error" title={<ErrorWords error={send.error} />} />}
      <Button type="primary" disabled={!ready} loading={send.isPending} onClick={go}>
        {t('account.add')}
      </Button>
    </div>
  )
}
