import { Alert, Button } from 'antd'
import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { PART_POLL_MS } from '../api/hooks.ts'
import { useOnePart } from '../api/life-hooks.ts'
import type { PartRow } from '../api/types.ts'
import { goesOn } from '../look/goes-on.ts'
import { DisposeButton } from '../part/dispose-button.tsx'

/** A part that was found good and does not go on by that: somebody still has to decide where it goes. */
export function StillHeld({ row: then, dismiss }: { row: PartRow; dismiss(): void }): ReactNode {
  const { t } = useTranslation()
  // Others may have decided about it since.
  const row = useOnePart(then.inspectionId, PART_POLL_MS).data?.part.row ?? then
  return (
    <Alert
      type="warning"
      showIcon
      // Out of sight: a dialog that is open stays.
      {...(goesOn(row.disposition) && { style: { display: 'none' } })}
      title={
        <span data-still={row.inspectionId}>
          {t('dispose.still', { serial: row.serial, disposition: t(`disposition.${row.disposition}`) })}{' '}
          <DisposeButton
            unit={row.unit ?? `unit/${row.serial}`}
            name={row.serial}
            inspection={row.inspectionId}
            decision={row.decision}
            reason={t('dispose.goodReason')}
            done={dismiss}
          />
        </span>
      }
      action={<Button onClick={dismiss}>{t('review.dismiss')}</Button>}
    />
  )
}
