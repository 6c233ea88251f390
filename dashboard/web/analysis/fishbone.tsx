import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Analysis } from '../api/types.ts'
import { Wide } from '../look/wide.tsx'

/** Lines of text that a bone has room for. */
const LINES = 4
const WIDTH = 1_240
const SPINE_Y = 190
const BONE_W = 340
const LINE_H = 22

/** Named causes on the six branches, as Ishikawa drew them; three above the spine, three below. */
export function Fishbone({ data, effect }: { data: Analysis; effect: string }): ReactNode {
  const { t } = useTranslation()
  return (
    <>
      <Wide>
        <svg
          className="fishbone"
          viewBox={`0 0 ${WIDTH} ${2 * SPINE_Y}`}
          role="img"
          aria-label={t('analysis.fishbone')}
        >
          <line className="spine" x1={10} x2={WIDTH - 170} y1={SPINE_Y} y2={SPINE_Y} />
          <path className="spine" d={`M${WIDTH - 170} ${SPINE_Y - 7} l14 7 l-14 7 z`} />
          <text className="effect" x={WIDTH - 148} y={SPINE_Y + 6}>
            {effect}
          </text>
          {data.ishikawa.map((branch, i) => (
            <Bone key={branch.category} branch={branch} causes={data.causes} place={i} />
          ))}
        </svg>
      </Wide>
      <p className="muted small">{t('analysis.fishboneHint')}</p>
    </>
  )
}

function Bone({
  branch: { category, named, compared, silent },
  causes,
  place,
}: {
  branch: Analysis['ishikawa'][number]
  causes: Analysis['causes']
  place: number
}): ReactNode {
  const { t } = useTranslation()
  const isUp = place < 3
  const x = 30 + (place % 3) * BONE_W
  const end = isUp ? 30 : 2 * SPINE_Y - 30
  const words = (list: readonly (keyof Names)[]): string =>
    list.map((f) => t(`analysis.factors.${f}`)).join(', ')
  const own = new Map(
    causes.filter((c) => c.named && c.category === category).map((c) => [`${c.factor} ${c.value}`, c]),
  )
  const shown = [...own.values()].slice(0, LINES - 1)
  const lines = [
    ...shown.map((c) => ({
      look: 'found',
      text: `${t(`analysis.factors.${c.factor}`)} ${c.value}${c.ratio === null ? '' : ` × ${c.ratio.toFixed(1)}`}`,
    })),
    ...(named > shown.length
      ? [{ look: 'found', text: t('analysis.more', { n: named - shown.length }) }]
      : []),
    ...(shown.length === 0 && compared.length > 0 ? [{ look: 'quiet', text: words(compared) }] : []),
    ...(silent.length > 0
      ? [{ look: 'silent', text: t('analysis.silent', { factors: words(silent) }) }]
      : []),
  ]
  const first = isUp ? end + 36 : SPINE_Y + 40
  return (
    <g className={named > 0 ? 'bone hot' : 'bone'}>
      <line x1={x} x2={x + 90} y1={end} y2={SPINE_Y} />
      <text className="branch" x={x + 6} y={isUp ? end - 8 : end + 22}>
        {t(`ncr.category.${category}`)}
        {named > 0 ? ` (${named})` : ''}
      </text>
      {lines.slice(0, LINES + 1).map((line, n) => {
        const y = first + n * LINE_H
        const onBone = x + (90 * Math.abs(y - end)) / (SPINE_Y - 30)
        return (
          <text key={n} className={line.look} x={onBone + 12} y={y}>
            {cut(line.text)}
            <title>{line.text}</title>
          </text>
        )
      })}
    </g>
  )
}

type Names = Record<Analysis['causes'][number]['factor'], string>

/** Chinese letters are twice as wide. */
function cut(text: string, room = 36): string {
  let used = 0
  for (const [i, letter] of [...text].entries()) {
    used += letter > '\u2e7f' ? 2 : 1
    if (used > room) return `${[...text].slice(0, i - 1).join('')}…`
  }
  return text
}
