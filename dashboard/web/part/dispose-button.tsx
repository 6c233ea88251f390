import { Radio } from 'antd'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { stateDisposition } from '../api/life-hooks.ts'
import { type PartRow, UNIT_DISPOSITIONS, type UnitDisposition } from '../api/types.ts'
import { DeedDialog } from '../look/deed-dialog.tsx'
import { LineButton } from '../shell/site.tsx'

/** Decides what becomes of a part, under a name and with a reason. */
export function DisposeButton({
  unit,
  name,
  inspection,
  decision: inForce,
  offered = true,
  reason,
  done,
}: {
  /** Canonical URI, or `unit/…`. */
  unit: string
  /** As people call it. */
  name: string
  /** The inspection that is looked at. */
  inspection: string
  /** The decision about it that stands; null = none. */
  decision: PartRow['decision']
  /** False = there is nothing to decide any more; a dialog that is open stays, with what was written and refused in it. */
  offered?: boolean
  reason?: string
  /** Called when the decision is on record. */
  done?: () => void
}): ReactNode {
  const { t } = useTranslation()
  const [open, setOpen] = useState(false)
  /** The decision that stood when one began to answer. */
  const [over, setOver] = useState<string | null>(null)
  const [disposition, setDisposition] = useState<UnitDisposition>('release')
  return (
    <>
      {offered && (
        <LineButton
          size="small"
          data-dispose={name}
          onClick={() => {
            setOver(inForce?.fact ?? null)
            setOpen(true)
          }}
        >
          {t('dispose.open')}
        </LineButton>
      )}
      {open && (
        <DeedDialog
          title={t('dispose.title', { name })}
          confirm={t('dispose.confirm')}
          danger={disposition === 'scrap'}
          {...(reason === undefined ? {} : { reason })}
          act={async (deed, decision) => {
            await stateDisposition({ unit, disposition, inspection, over, ...deed }, decision)
            done?.()
          }}
          close={() => setOpen(false)}
        >
          <p>{t('dispose.means')}</p>
          <Radio.Group
            value={disposition}
            onChange={(e) => setDisposition(e.target.value as UnitDisposition)}
            options={UNIT_DISPOSITIONS.map((value) => ({ value, label: t(`disposition.${value}`) }))}
          />
        </DeedDialog>
      )}
    </>
  )
}
