import { Select } from 'antd'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { sendJson } from '../api/client.ts'
import { useOnePart, usePackages } from '../api/life-hooks.ts'
import type { RegisteredModel } from '../api/types.ts'
import { DeedDialog } from '../look/deed-dialog.tsx'
import { LineButton } from '../shell/site.tsx'

/** A part that the line did not pass and a person found good: its model may learn that it is. */
export function BankButton(p: { inspectionId: string; serial: string }): ReactNode {
  const { t } = useTranslation()
  const [asking, setAsking] = useState(false)
  const [begun, setBegun] = useState(false)
  if (begun)
    return (
      <span className="muted small" data-bank="begun">
        {t('teach.bank.begun')} <Link to="/models/teach">{t('teach.bank.look')}</Link>
      </span>
    )
  return (
    <>
      <LineButton size="small" data-bank="" onClick={() => setAsking(true)}>
        {t('teach.bank.open')}
      </LineButton>
      {asking && <Ask {...p} done={() => setBegun(true)} close={() => setAsking(false)} />}
    </>
  )
}

function Ask(p: { inspectionId: string; serial: string; done(): void; close(): void }): ReactNode {
  const { t } = useTranslation()
  const [picked, setPicked] = useState<string | null>(null)
  const part = useOnePart(p.inspectionId).data?.part
  const packages = usePackages().data?.packages
  const judged = new Set(part?.verdict.models.map((m) => m.id))
  const models = (packages ?? [])
    .filter((m) => m.taught && m.id !== null && judged.has(m.id))
    .toSorted(newest)
  const model = models.find((m) => m.dir === picked) ?? models[0]
  return (
    <DeedDialog
      title={t('teach.bank.title', { serial: p.serial })}
      confirm={t('teach.bank.confirm')}
      withoutReason
      complete={part !== undefined && model !== undefined}
      act={async ({ by }) => {
        const add = { from: 'parts', inspections: [p.inspectionId] }
        const from = { id: model?.id, sha256: model?.sha256 }
        await sendJson('POST', '/api/life/teach/again', { from, add, recipe: part?.verdict.recipe, by })
        p.done()
      }}
      close={p.close}
    >
      {part && packages && models.length === 0 ? (
        <p className="tone-inconclusive">{t('teach.bank.none')}</p>
      ) : (
        <>
          <p>{t('teach.bank.means')}</p>
          <label>
            <span>{t('teach.bank.model')}</span>
            <Select
              value={model?.dir ?? null}
              loading={!packages}
              onChange={setPicked}
              options={models.map((m) => ({ value: m.dir, label: `${m.id} ${m.version}${where(m)}` }))}
            />
          </label>
        </>
      )}
    </DeedDialog>
  )

  function where({ inForce }: RegisteredModel): string {
    return inForce.length === 0
      ? ''
      : ` · ${t('teach.bank.inForce')}: ${inForce.map((i) => i.station).join(', ')}`
  }
}

/** One false call after the other goes into the same bank: the newest version has those before. */
const newest = (a: RegisteredModel, b: RegisteredModel): number =>
  (b.version ?? '').localeCompare(a.version ?? '', 'en', { numeric: true })
