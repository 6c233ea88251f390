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
  const kind = held ? 'release' : 'hold'
  // What was asked for stays so when the page learns of a hold meanwhile, be it this one whose answer was lost.
  const [asked, setAsked] = useState<{ kind: 'hold' | 'release'; target: string; name: string } | null>(null)
  return (
    <>
      <Button
        size="small"
        danger={!held}
        data-hold-target={target}
        onClick={() => setAsked({ kind, target, name })}
      >
        {t(`holds.${kind}`, { name })}
      </Button>
      {asked !== null && (
        <DeedDialog
          title={t(`holds.${asked.kind}`, { name: asked.name })}
          confirm={t(`holds.${asked.kind}Now`)}
          danger={asked.kind === 'hold'}
          {...(reason === undefined ? {} : { reason })}
          act={(deed, decision) => stateHold({ kind: asked.kind, target: asked.target, ...deed }, decision)}
          close={() => setAsked(null)}
        >
          <p>{t(`holds.${asked.kind}Means`)}</p>
        </DeedDialog>
      )}
    </>
  )
}
