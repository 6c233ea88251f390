import { Input, Select } from 'antd'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { takeStep } from '../api/ncr-hooks.ts'
import type { NcrRow } from '../api/types.ts'
import { DeedDialog } from '../look/deed-dialog.tsx'
import { LineButton } from '../shell/site.tsx'

export interface NcrDraft {
  title?: string
  targets: string[]
  inspections?: string[]
  classes?: string[]
}

/** Opens a nonconformance report about something; where it was opened from is filled in already. */
export function NcrButton({ draft }: { draft: NcrDraft }): ReactNode {
  const { t } = useTranslation()
  const [open, setOpen] = useState(false)
  return (
    <>
      <LineButton size="small" data-ncr-target={draft.targets.join(' ')} onClick={() => setOpen(true)}>
        {t('ncr.open')}
      </LineButton>
      {open && <OpenDialog draft={draft} close={() => setOpen(false)} />}
    </>
  )
}

export const SEVERITIES = ['minor', 'major', 'critical'] as const satisfies readonly NcrRow['severity'][]

function OpenDialog({ draft, close }: { draft: NcrDraft; close(): void }): ReactNode {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const [title, setTitle] = useState(draft.title ?? '')
  const [severity, setSeverity] = useState<NcrRow['severity']>('major')
  const [targets, setTargets] = useState(draft.targets)
  const [classes, setClasses] = useState(draft.classes ?? [])
  const inspections = draft.inspections ?? []
  return (
    <DeedDialog
      title={t('ncr.openTitle')}
      confirm={t('ncr.open')}
      withoutReason
      complete={title.trim() !== '' && targets.length > 0}
      act={async ({ by }, decision) => {
        const evidence = { inspections, classes }
        const { ncr } = await takeStep(
          { kind: 'open', by, title: title.trim(), severity, targets, evidence },
          decision,
        )
        await navigate(`/ncr/${ncr}`)
      }}
      close={close}
    >
      <label>
        <span>{t('ncr.title')}</span>
        <Input value={title} maxLength={500} onChange={(e) => setTitle(e.target.value)} data-ncr-title="" />
      </label>
      <label>
        <span>{t('ncr.severity')}</span>
        <Select
          value={severity}
          onChange={setSeverity}
          options={SEVERITIES.map((s) => ({ value: s, label: t(`severity.${s}`) }))}
        />
      </label>
      <label>
        <span>{t('ncr.targets')}</span>
        <Select mode="tags" value={targets} onChange={setTargets} open={false} suffixIcon={null} />
      </label>
      <label>
        <span>{t('ncr.classes')}</span>
        <Select mode="tags" value={classes} onChange={setClasses} open={false} suffixIcon={null} />
      </label>
      {inspections.length > 0 && <p className="muted">{t('ncr.withEvidence', { n: inspections.length })}</p>}
    </DeedDialog>
  )
}
