import { type ReactNode } from 'react'
import type { PartRow } from '../api/types.ts'

/** How many defects a part has beyond those that are shown. */
export function MoreDefects({
  of: { defects, defectCount = defects.length },
  shown,
  as: Tag = 'span',
}: {
  of: PartRow
  shown: number
  as?: 'span' | 'li'
}): ReactNode {
  return defectCount > shown && <Tag className="muted more"> +{defectCount - shown}</Tag>
}
