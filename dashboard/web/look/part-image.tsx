import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { thumbUrl } from '../api/hooks.ts'
import type { PartRow, Registration } from '../api/types.ts'
import { useRestored } from '../live/feed.ts'
import { classColour } from './theme.ts'

/** Part frame → image frame: rotate about the image centre, then shift, as in contracts `Registration`. */
export const placement = (
  r: Registration | null | undefined,
  widthPx: number,
  heightPx: number,
): string | undefined =>
  r
    ? `translate(${r.dxPx} ${r.dyPx}) rotate(${(r.angleRad * 180) / Math.PI} ${widthPx / 2} ${heightPx / 2})`
    : undefined

/** The image of a part with its defects drawn on it, scaled to its box; says so when there is none. */
export function PartImage({ row, width }: { row: PartRow; width: 160 | 320 | 640 | 1280 }): ReactNode {
  const { t } = useTranslation()
  const restored = useRestored()
  const [broken, setBroken] = useState<{ image: string; restored: number } | null>(null)
  const { image } = row
  if (!image || (broken?.image === image.sha256 && broken.restored === restored))
    return <div className="no-image">{t(image ? 'part.imageNotShown' : 'part.noImage')}</div>
  const stroke = Math.max(image.widthPx, image.heightPx) / (width === 160 ? 60 : 180)
  return (
    <svg
      className="part-image"
      style={{ aspectRatio: `${image.widthPx} / ${image.heightPx}` }}
      viewBox={`0 0 ${image.widthPx} ${image.heightPx}`}
      role="img"
      aria-label={row.serial}
    >
      <image
        // Another part is another element: the picture before goes at once.
        key={image.sha256}
        href={thumbUrl(image.sha256, width)}
        width={image.widthPx}
        height={image.heightPx}
        onError={() => setBroken({ image: image.sha256, restored })}
      />
      <g
        transform={placement(row.registration, image.widthPx, image.heightPx)}
        fill="none"
        strokeWidth={stroke}
      >
        {row.defects
          .toSorted((a, b) => a.score - b.score)
          .map(({ class: name, box: [x1, y1, x2, y2] }, i) => (
            <rect
              key={i}
              x={x1 - stroke}
              y={y1 - stroke}
              width={x2 - x1 + 2 * stroke}
              height={y2 - y1 + 2 * stroke}
              stroke={classColour(name)}
            />
          ))}
      </g>
    </svg>
  )
}
