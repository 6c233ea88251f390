import { Input, Select } from 'antd'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { takeStep } from '../api/ncr-hooks.ts'
import type { NcrDetail } from '../api/types.ts'
import { DeedDialog } from '../look/deed-dialog.tsx'
import { SEVERITIES } from './ncr-button.tsx'

const CATEGORIES = ['man', 'machine', 'material', 'method', 'measurement', 'environment'] as const
const MOST_WHYS = 9

export function CauseDialog({ ncr, close }: { ncr: NcrDetail; close(): void }): ReactNode {
  const { t } = useTranslation()
  const [category, setCategory] = useState<(typeof CATEGORIES)[number]>(ncr.cause?.category ?? 'machine')
  const [text, setText] = useState(ncr.cause?.whys.join('\n') ?? '')
  const whys = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  return (
    <DeedDialog
      title={t('ncr.state.cause')}
      confirm={t('ncr.record')}
      withoutReason
      complete={whys.length > 0 && whys.length <= MOST_WHYS}
      act={({ by }, decision) => takeStep({ kind: 'cause', ncr: ncr.id, by, category, whys }, decision)}
      close={close}
    >
      <label>
        <span>{t('ncr.categories')}</span>
        <Select
          value={category}
          onChange={setCategory}
          options={CATEGORIES.map((c) => ({ value: c, label: t(`ncr.category.${c}`) }))}
        />
      </label>
      <label>
        <span>{t('ncr.whys')}</span>
        <Input.TextArea rows={5} value={text} onChange={(e) => setText(e.target.value)} data-ncr-whys="" />
      </label>
    </DeedDialog>
  )
}

/** Corrects what the report is about; what it said before stays in its history. */
export function AmendDialog({ ncr, close }: { ncr: NcrDetail; close(): void }): ReactNode {
  const { t } = useTranslation()
  const [title, setTitle] = useState(ncr.title)
  const [severity, setSeverity] = useState(ncr.severity)
  const [targets, setTargets] = useState(ncr.targets.map((x) => x.uri))
  const names = new Map(ncr.targets.map((x) => [x.uri, x.name]))
  return (
    <DeedDialog
      title={t('ncr.change')}
      confirm={t('ncr.record')}
      complete={title.trim() !== '' && targets.length > 0}
      act={({ by, reason }, decision) =>
        takeStep({ kind: 'amend', ncr: ncr.id, by, reason, title: title.trim(), severity, targets }, decision)
      }
      close={close}
    >
      <label>
        <span>{t('ncr.title')}</span>
        <Input value={title} maxLength={500} onChange={(e) => setTitle(e.target.value)} />
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
        <Select
          mode="tags"
          value={targets}
          onChange={setTargets}
          open={false}
          suffixIcon={null}
          options={[...names].map(([uri, name]) => ({ value: uri, label: name }))}
        />
      </label>
    </DeedDialog>
  )
}

export function EndDialog(p: {
  ncr: string
  kind: 'close' | 'reopen' | 'withdraw'
  close(): void
}): ReactNode {
  const { t } = useTranslation()
  return (
    <DeedDialog
      title={t(`ncr.end.${p.kind}`)}
      confirm={t(`ncr.end.${p.kind}`)}
      danger={p.kind === 'withdraw'}
      act={({ by, reason }, decision) => takeStep({ kind: p.kind, ncr: p.ncr, by, reason }, decision)}
      close={p.close}
    >
      <p>{t(`ncr.endMeans.${p.kind}`)}</p>
    </DeedDialog>
  )
}
