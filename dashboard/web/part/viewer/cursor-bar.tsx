import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { RecipeFacts } from '../../api/types.ts'

type Rgb = readonly [number, number, number]

export interface CursorFacts {
  part: { x: number; y: number }
  /** Value of the judged image there; null outside. */
  frame: Rgb | null
  golden: Rgb | null
}

const valueText = ([r, g, b]: Rgb): string => (r === g && g === b ? String(r) : `${r} ${g} ${b}`)

/** What lies under the cursor: px of the part frame, grey value, and mm where the recipe is calibrated. */
export function CursorBar(p: {
  cursor: CursorFacts | null
  zoom: number | null
  calibration: RecipeFacts['calibration']
}): ReactNode {
  const { t } = useTranslation()
  const { cursor, calibration } = p
  return (
    <div className="cursor-bar mono">
      <span>{p.zoom === null ? '' : `${(p.zoom * 100).toFixed(0)} %`}</span>
      {cursor ? (
        <>
          <span>
            x {Math.floor(cursor.part.x)} y {Math.floor(cursor.part.y)} px
          </span>
          {calibration && (
            <span>
              {(cursor.part.x * calibration.mmPerPx + calibration.originMm[0]).toFixed(3)},{' '}
              {(cursor.part.y * calibration.mmPerPx + calibration.originMm[1]).toFixed(3)} mm
            </span>
          )}
          {cursor.frame && (
            <span>
              {t('viewer.grey')} {valueText(cursor.frame)}
            </span>
          )}
          {cursor.golden && (
            <span>
              {t('viewer.goldenGrey')} {valueText(cursor.golden)}
            </span>
          )}
        </>
      ) : (
        <span className="muted">{t('viewer.hint')}</span>
      )}
    </div>
  )
}
