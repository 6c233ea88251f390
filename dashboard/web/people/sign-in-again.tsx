import { Button } from 'antd'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'
import { useMustSignIn } from './me.ts'
import { SignInDialog } from './sign-in-dialog.tsx'

/**
 * Signing in beside what was refused because nobody is signed in (any more): a dialog lies over the head, where it is done
 * otherwise, and who closes it loses what was typed.
 */
export function SignInAgain({ error }: { error: unknown }): ReactNode {
  const { t } = useTranslation()
  const mustSignIn = useMustSignIn()
  const [open, setOpen] = useState(false)
  const refused = error instanceof ApiError && (error.status === 401 || error.status === 403)
  if (!refused || !mustSignIn) return null
  return (
    <>
      <Button onClick={() => setOpen(true)}>{t('account.signIn')}</Button>
      {open && <SignInDialog close={() => setOpen(false)} />}
    </>
  )
}
