import { Button } from 'antd'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { stateHold } from '../api/life-hooks.ts'
import { DeedDialog } from '../look/deed-dialog.tsx'
import { shortTarget } from './hold-words.ts'

export interface HoldAsked {
  kind: 'hold' | 'release'
  /** `lot/…`, `unit/…`, `station/…`, or a URI. */
  target: string
  /** As people call it; empty where it stands beside the button. */
  name: string
}

/** Places a hold on something, or releases the one that is on it. */
export function HoldButton({
  target,
  name,
  held = false,
  reason,
  ask,
}: Omit<HoldAsked, 'kind'> & {
  held?: boolean
  reason?: string
  /** Of a row that goes when its hold is released elsewhere: the page has the dialog, which stays. */
  ask?: (asked: HoldAsked) => void
}): ReactNode {
  const { t } = useTranslation()
  const kind = held ? 'release' : 'hold'
  // What was asked for stays so when the page learns of a hold meanwhile, be it this one whose answer was lost.
  const [asked, setAsked] = useState<HoldAsked | null>(null)
  return (
    <>
      <Button
        size="small"
        danger={!held}
        data-hold-target={target}
        onClick={() => (ask ?? setAsked)({ kind, target, name })}
      >
        {t(`holds.${kind}`, { name })}
      </Button>
      {asked !== null && (
        <HoldDialog
          asked={asked}
          {...(reason === undefined ? {} : { reason })}
          close={() => setAsked(null)}
        />
      )}
    </>
  )
}

export function HoldDialog({
  asked,
  reason,
  close,
}: {
  asked: HoldAsked
  reason?: string
  close(): void
}): ReactNode {
  const { t } = useTranslation()
  return (
    <DeedDialog
      title={t(`holds.${asked.kind}`, { name: asked.name || shortTarget(asked.target) })}
      confirm={t(`holds.${asked.kind}Now`)}
      danger={asked.kind === 'hold'}
      {...(reason === undefined ? {} : { reason })}
      act={(deed, decision) => stateHold({ kind: asked.kind, target: asked.target, ...deed }, decision)}
      close={close}
    >
      <p>{t(`holds.${asked.kind}Means`)}</p>
    </DeedDialog>
  )
}
