import { Checkbox, Select } from 'antd'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { stateHold, useHolds } from '../api/life-hooks.ts'
import { takeStep } from '../api/ncr-hooks.ts'
import type { NcrDetail } from '../api/types.ts'
import { HoldButton, HoldDialog, type HoldAsked } from '../holds/hold-button.tsx'
import { shortTarget } from '../holds/hold-words.ts'
import { DeedDialog } from '../look/deed-dialog.tsx'
import { momentText } from '../look/format.ts'
import { Panel } from '../look/panel.tsx'
import { LineButton } from '../shell/site.tsx'

/** The holds that contain a report; each is released here, by a named person. */
export function ContainmentPanel({ ncr }: { ncr: NcrDetail }): ReactNode {
  const { t } = useTranslation()
  const [asking, setAsking] = useState(false)
  const [releasing, setReleasing] = useState<HoldAsked | null>(null)
  const { containment } = ncr
  return (
    <Panel
      title={t('ncr.step.contain')}
      extra={
        ncr.ended === null && (
          <LineButton data-ncr-contain="" onClick={() => setAsking(true)}>
            {t('ncr.state.contain')}
          </LineButton>
        )
      }
    >
      {containment === null ? (
        <p className="muted">{t('ncr.notYet')}</p>
      ) : (
        <>
          <p>
            {containment.note}{' '}
            <span className="muted">
              ({containment.by}, {momentText(containment.at)})
            </span>
          </p>
          <ul className="edges">
            {containment.holds.map((h) => (
              <li key={h.id}>
                <b className="mono">{shortTarget(h.target)}</b> {h.reason}{' '}
                {h.releasedAt === null ? (
                  <>
                    <span className="chip tone-fail">{t('holds.inForce')}</span>{' '}
                    <HoldButton target={h.target} name="" held ask={setReleasing} />
                  </>
                ) : (
                  <span className="muted">
                    {t('holds.released')} {h.releasedBy}, {momentText(h.releasedAt)}: {h.releaseReason}
                  </span>
                )}
              </li>
            ))}
          </ul>
        </>
      )}
      {asking && <ContainDialog ncr={ncr} close={() => setAsking(false)} />}
      {releasing && <HoldDialog asked={releasing} close={() => setReleasing(null)} />}
    </Panel>
  )
}

function ContainDialog({ ncr, close }: { ncr: NcrDetail; close(): void }): ReactNode {
  const { t } = useTranslation()
  const inForce = (useHolds().data ?? []).filter((h) => h.releasedAt === null)
  const standing = ncr.containment?.holds ?? []
  const choices = [...inForce, ...standing.filter((s) => !inForce.some((h) => h.id === s.id))]
  const [chosen, setChosen] = useState<string[] | null>(null)
  const [placed, setPlaced] = useState<string[]>([])
  const about = new Set(ncr.targets.map((x) => x.name))
  // What is on hold already is what contains it, unless somebody chooses otherwise.
  const holds =
    chosen ??
    choices
      .filter((h) => standing.some((s) => s.id === h.id) || about.has(shortTarget(h.target)))
      .map((h) => h.id)
  const unheld = ncr.targets.filter(
    (x) => !inForce.some((h) => shortTarget(h.target) === x.name) && !x.name.startsWith('model/'),
  )
  return (
    <DeedDialog
      title={t('ncr.state.contain')}
      confirm={t('ncr.record')}
      reasonNeeded={holds.length + placed.length === 0}
      act={async ({ by, reason }, decision) => {
        const all = [...holds]
        const why = `${ncr.id}: ${reason || ncr.title}`
        for (const target of placed)
          all.push(await stateHold({ kind: 'hold', target, by, reason: why }, decision))
        await takeStep(
          { kind: 'contain', ncr: ncr.id, by, holds: all, ...(reason && { note: reason }) },
          decision,
        )
      }}
      close={close}
    >
      {unheld.length > 0 && (
        <div>
          <p className="muted">{t('ncr.placeHolds')}</p>
          <Checkbox.Group
            value={placed}
            onChange={setPlaced}
            options={unheld.map((x) => ({ value: x.uri, label: x.name }))}
          />
        </div>
      )}
      <label>
        <span>{t('ncr.withHolds')}</span>
        <Select
          mode="multiple"
          value={holds}
          onChange={setChosen}
          options={choices.map((h) => ({ value: h.id, label: `${shortTarget(h.target)}: ${h.reason}` }))}
        />
      </label>
      <p className="muted">{t('ncr.containMeans')}</p>
    </DeedDialog>
  )
}
