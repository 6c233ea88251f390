import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { useOperators } from '../api/operator-hooks.ts'
import type { UnitLife } from '../api/types.ts'
import { className } from '../i18n/class-names.ts'
import { useText } from '../i18n/index.ts'
import { numberText, shortHash } from '../look/format.ts'
import { MoreDefects } from '../look/more-defects.tsx'
import { Facts } from '../look/panel.tsx'

type Inspection = UnitLife['inspections']['items'][number]
type Value = Inspection['measurements'][number]

/** `scratch × 2 · dust` */
function counted(names: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts].map(([name, n]) => (n > 1 ? `${name} × ${n}` : name)).join(' · ')
}

/** One inspection in the timeline: its images, what was found and measured, and by what, where and under whom. */
export function LifeInspection({ of }: { of: Inspection }): ReactNode {
  const { t } = useTranslation()
  const text = useText()
  const people = useOperators().data?.known
  const facts: [string, ReactNode][] = [
    [
      t('unitLife.fact.defects'),
      of.defects.length > 0 && (
        <>
          {counted(of.defects.map((d) => className(d.class)))}
          <MoreDefects of={of} shown={of.defects.length} />
        </>
      ),
    ],
    [t('unitLife.fact.values'), of.measurements.length > 0 && <Values of={of.measurements} />],
    [t('unitLife.fact.reasons'), of.reasons.map(text).join(' · ')],
    [t('unitLife.fact.rules'), of.rules.join(', ')],
    [t('unitLife.fact.recipe'), <Pinned name={of.recipe} sha256={of.recipeSha256} />],
    [
      t('unitLife.fact.models'),
      of.models.map((m) => <Pinned key={m.sha256} name={`${m.id}@${m.version}`} sha256={m.sha256} />),
    ],
    [
      t('unitLife.fact.material'),
      of.material && [of.material.lot, of.material.supplier].filter(Boolean).join(' · '),
    ],
    [t('unitLife.fact.shift'), of.shift],
    [t('unitLife.fact.operator'), people?.find((p) => p.ref === of.operator)?.name ?? of.operator],
    [t('unitLife.fact.cavity'), of.cavity],
    [t('unitLife.fact.fixture'), of.fixture],
    [
      t('unitLife.fact.reviews'),
      of.reviews.map((r) => `${r.reviewer}: ${t(`verdict.${r.after as 'pass'}`)}, ${r.reason}`).join(' · '),
    ],
  ]
  return (
    <div className="life-inspection" data-inspection={of.inspectionId}>
      <Link to={`/part/${of.inspectionId}`} className="life-thumbs">
        {of.images.map((image) =>
          image.deleted ? (
            <span key={image.sha256} className="no-image" title={image.sha256}>
              {t('part.imageGone')}
            </span>
          ) : (
            <img
              key={image.sha256}
              src={`${image.url}?width=160&format=webp`}
              alt={`${t(`unitLife.role.${image.role}`)} ${image.view}`}
              title={`${t(`unitLife.role.${image.role}`)} ${image.view} · SHA-256 ${image.sha256}`}
              loading="lazy"
            />
          ),
        )}
        {of.images.length === 0 && <span className="no-image">{t('part.noImage')}</span>}
      </Link>
      <Facts items={facts.filter(([, value]) => isThere(value))} />
    </div>
  )
}

const isThere = (value: ReactNode): boolean =>
  Array.isArray(value) ? value.length > 0 : value !== null && value !== false && value !== ''

function Values({ of }: { of: readonly Value[] }): ReactNode {
  return of.map((m) => (
    <span key={`${m.tool}/${m.characteristic}`} className={`life-value ${isIn(m) ? '' : 'tone-fail'}`}>
      {m.characteristic}{' '}
      <b className="mono">
        {numberText(m.value)} {m.unit}
      </b>{' '}
      <span className="muted mono">{limits(m)}</span>
    </span>
  ))
}

const isIn = ({ value, lsl = -Infinity, usl = Infinity }: Value): boolean => value >= lsl && value <= usl

const limits = ({ lsl, usl }: Value): string =>
  lsl === undefined && usl === undefined
    ? ''
    : `[${lsl === undefined ? '' : numberText(lsl)} … ${usl === undefined ? '' : numberText(usl)}]`

/** A name with the beginning of the hash that it is pinned by. */
function Pinned({ name, sha256 }: { name: string; sha256: string }): ReactNode {
  return (
    <span className="mono" title={`SHA-256 ${sha256}`}>
      {name} <span className="muted">{shortHash(sha256)}</span>{' '}
    </span>
  )
}
