import { Alert, Button, Select } from 'antd'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useSend } from '../api/life-hooks.ts'
import type { AccountsAnswer, Me } from '../api/types.ts'
import { Dialog } from '../look/dialog.tsx'
import { timeText } from '../look/format.ts'
import { Panel } from '../look/panel.tsx'
import { ErrorWords, Failed, Waiting } from '../shell/states.tsx'
import { AccountForm } from './account-form.tsx'
import { changeAccount, removeAccount, useAccounts, useMe } from './me.ts'
import { NewPasswordDialog } from './new-password-dialog.tsx'
import { ROLES } from './roles.ts'
import { Wide } from '../look/wide.tsx'

type Account = AccountsAnswer['accounts'][number]

/** Who may do what from other machines; for administrators. What one of them was shown goes when another is here. */
export function AccountsPage(): ReactNode {
  const me = useMe().data
  const who = me === undefined ? '' : `${me.account?.id ?? ''} ${me.role}`
  return <Accounts key={who} />
}

function Accounts(): ReactNode {
  const { t } = useTranslation()
  const accounts = useAccounts()
  const [leaving, setLeaving] = useState<Account | null>(null)
  const [resetting, setResetting] = useState<Account | null>(null)
  const [token, setToken] = useState<{ id: string; token: string } | null>(null)
  const send = useSend((work: () => Promise<AccountsAnswer>) => work())
  if (!accounts.data)
    return accounts.error ? (
      <Failed error={accounts.error} retry={() => void accounts.refetch()} />
    ) : (
      <Waiting />
    )
  const show = (id: string, answer: AccountsAnswer): void => {
    if (answer.token !== undefined) setToken({ id, token: answer.token })
  }
  return (
    <div className="page">
      <Panel title={t('account.all')}>
        <p className="muted">{t('account.meaning')}</p>
        {token && (
          <Alert
            type="success"
            showIcon
            closable={{ onClose: () => setToken(null) }}
            title={t('account.tokenOf', { id: token.id })}
            description={<code data-token="">{token.token}</code>}
          />
        )}
        {send.error && <Alert type="error" title={<ErrorWords error={send.error} />} />}
        <Wide>
          <table className="facts-table">
            <thead>
              <tr>
                <th>{t('account.id')}</th>
                <th>{t('account.name')}</th>
                <th>{t('account.kind')}</th>
                <th>{t('account.roleWord')}</th>
                <th>{t('account.changedAt')}</th>
                <td />
              </tr>
            </thead>
            <tbody>
              {accounts.data.accounts.map((a) => (
                <tr key={a.id} data-account-row={a.id}>
                  <td className="mono">{a.id}</td>
                  <td>{a.name}</td>
                  <td>{t(`account.kinds.${a.kind}`)}</td>
                  <td>
                    <Select<Me['role']>
                      aria-label={t('account.roleOf', { name: a.name })}
                      value={a.role}
                      popupMatchSelectWidth={false}
                      options={ROLES.map((value) => ({ value, label: t(`account.role.${value}`) }))}
                      onChange={(role) => send.mutate(() => changeAccount(a.id, { role }))}
                    />
                  </td>
                  <td>{timeText(a.changedAt)}</td>
                  <td className="num">
                    {a.kind === 'person' ? (
                      <Button size="small" onClick={() => setResetting(a)}>
                        {t('account.newPassword')}
                      </Button>
                    ) : (
                      <Button
                        size="small"
                        onClick={() =>
                          send.mutate(() => changeAccount(a.id, { token: true }), {
                            onSuccess: (answer) => show(a.id, answer),
                          })
                        }
                      >
                        {t('account.newToken')}
                      </Button>
                    )}{' '}
                    <Button size="small" danger onClick={() => setLeaving(a)}>
                      {t('account.remove')}
                    </Button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Wide>
        {accounts.data.accounts.length === 0 && <p className="muted">{t('account.none')}</p>}
      </Panel>
      <Panel title={t('account.add')}>
        <AccountForm made={show} />
      </Panel>
      {resetting && <NewPasswordDialog account={resetting} close={() => setResetting(null)} />}
      {leaving && (
        <Dialog
          title={t('account.removeAsk', { name: leaving.name })}
          okText={t('account.remove')}
          cancelText={t('deed.cancel')}
          okButtonProps={{ danger: true, loading: send.isPending }}
          onOk={() => send.mutate(() => removeAccount(leaving.id), { onSettled: () => setLeaving(null) })}
          onCancel={() => setLeaving(null)}
        >
          <p>{t('account.removeMeans')}</p>
        </Dialog>
      )}
    </div>
  )
}
