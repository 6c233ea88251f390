import { Button, Dropdown } from 'antd'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { useSend } from '../api/life-hooks.ts'
import { Person } from '../look/icons.tsx'
import { signOut, useMe, useOwnAnswers } from './me.ts'
import { PasswordDialog } from './password-dialog.tsx'
import { SignInDialog } from './sign-in-dialog.tsx'

/** Who is signed in, in the head of every page; nothing where there are no accounts. */
export function AccountMenu(): ReactNode {
  const { t } = useTranslation()
  const me = useMe().data
  useOwnAnswers(me)
  const go = useNavigate()
  const [dialog, setDialog] = useState<'in' | 'password' | null>(null)
  const leave = useSend(signOut)
  if (!me?.accounts) return null
  const { account, role } = me
  const close = (): void => setDialog(null)
  const items = [
    ...(role === 'admin' ? [{ key: 'accounts', label: t('account.all') }] : []),
    ...(account === null
      ? [{ key: 'in', label: t('account.signIn') }]
      : [
          { key: 'password', label: t('account.ownPassword') },
          { key: 'out', label: t('account.signOut') },
        ]),
  ]
  const chosen = (key: string): void => {
    if (key === 'accounts') void go('/accounts')
    else if (key === 'out') leave.mutate(undefined)
    else setDialog(key === 'in' ? 'in' : 'password')
  }
  const label = account?.name ?? t(role === 'admin' ? 'account.here' : 'account.signIn')
  // On small screens the name is not shown.
  const words = account ? t('account.of', { name: account.name, role: t(`account.role.${role}`) }) : label
  const look = (
    <Button
      type="text"
      data-account={account?.id ?? ''}
      aria-label={words}
      title={words}
      {...(account === null && role !== 'admin' && { onClick: () => setDialog('in') })}
    >
      <Person size={14} />
      <span className="account-name">{label}</span>
    </Button>
  )
  return (
    <>
      {account === null && role !== 'admin' ? (
        look
      ) : (
        <Dropdown menu={{ items, onClick: ({ key }) => chosen(key) }} trigger={['click']}>
          {look}
        </Dropdown>
      )}
      {dialog === 'in' && <SignInDialog close={close} />}
      {dialog === 'password' && <PasswordDialog close={close} />}
    </>
  )
}
