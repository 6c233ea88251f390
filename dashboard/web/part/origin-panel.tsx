import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { PartDetail, RecipeFacts } from '../api/types.ts'
import { useText } from '../i18n/index.ts'
import { numberText, percentText, shortHash } from '../look/format.ts'
import { Facts, Panel } from '../look/panel.tsx'

const Hash = ({ value }: { value: string }): ReactNode => (
  <code className="hash" title={value}>
    {shortHash(value)}
  </code>
)

/** What produced the verdict, by version and hash, so that it can be produced again. */
export function OriginPanel({ part, recipe }: { part: PartDetail; recipe: RecipeFacts | null }): ReactNode {
  const { t } = useTranslation()
  const text = useText()
  const { verdict, row } = part
  const { quality, registration } = verdict
  return (
    <Panel title={t('origin.title')}>
      <Facts
        items={[
          [
            t('parts.recipe'),
            <span key="r">
              {verdict.recipe} {recipe && <span className="muted">{text(recipe.title)}</span>}{' '}
              <Hash value={verdict.recipeSha256} />
            </span>,
          ],
          ...verdict.models.map(
            (m) =>
              [
                t('origin.model'),
                <span key={m.sha256}>
                  {m.id} {m.version} <span className="muted">{m.provider}</span> <Hash value={m.sha256} />
                </span>,
              ] as const,
          ),
          ...(row.image
            ? [
                [
                  t('origin.image'),
                  <span key="i">
                    {row.image.widthPx} × {row.image.heightPx} <Hash value={row.image.sha256} />{' '}
                    <a href={`/api/images/${row.image.sha256}?original=1`} target="_blank" rel="noreferrer">
                      {t('origin.original')}
                    </a>
                  </span>,
                ] as const,
              ]
            : []),
          [t('origin.worker'), part.worker ?? '–'],
          [
            t('origin.source'),
            <span key="s">
              {part.source ?? '–'} {part.simulated && <span className="chip">{t('origin.simulated')}</span>}
            </span>,
          ],
          ...(registration
            ? [
                [
                  t('origin.registration'),
                  <span key="g" className="mono">
                    Δx {registration.dxPx.toFixed(2)} Δy {registration.dyPx.toFixed(2)} px ·{' '}
                    {((registration.angleRad * 180) / Math.PI).toFixed(2)}° · {registration.score.toFixed(3)}
                  </span>,
                ] as const,
              ]
            : []),
          ...(quality
            ? [
                [
                  t('origin.quality'),
                  <span key="q" className="mono">
                    {t('origin.focus')} {numberText(quality.focus)} · {t('origin.grey')}{' '}
                    {quality.meanGrey.toFixed(0)} · {t('origin.glare')} {percentText(quality.glare)} ·{' '}
                    {t('origin.blur')} {quality.blurAnisotropy.toFixed(2)}
                  </span>,
                ] as const,
              ]
            : []),
          ...Object.entries(verdict.scores).map(
            ([name, value]) =>
              [
                name,
                <span key={name} className="mono">
                  {numberText(value)}
                </span>,
              ] as const,
          ),
        ]}
      />
    </Panel>
  )
}
