import { Button } from 'antd'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { stateHold } from '../api/life-hooks.ts'
import { DeedDialog } from '../look/deed-dialog.tsx'

/** Places a hold on something, or releases the one that is on it. */
export function HoldButton({
  target,
  name,
  held = false,
  reason,
}: {
  /** `lot/…`, `unit/…`, `station/…`, or a URI. */
  target: string
  /** As people call it. */
  name: string
  held?: boolean
  reason?: string
}): ReactNode {
  const { t } = useTranslation()
  const [open, setOpen] = useState(false)
  const kind = held ? 'release' : 'hold'
  return (
    <>
      <Button size="small" danger={!held} data-hold-target={target} onClick={() => setOpen(true)}>
        {t(`holds.${kind}`, { name })}
      </Button>
      {open && (
        <DeedDialog
          title={t(`holds.${kind}`, { name })}
          confirm={t(`holds.${kind}Now`)}
          danger={!held}
          {...(reason === undefined ? {} : { reason })}
          act={(deed, decision) => stateHold({ kind, target, ...deed }, decision)}
          close={() => setOpen(false)}
        >
          <p>{t(`holds.${kind}Means`)}</p>
        </DeedDialog>
      )}
    </>
  )
}
