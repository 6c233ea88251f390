import { type ReactNode } from 'react'
import { Link } from 'react-router'
import { thumbUrl } from '../api/hooks.ts'
import type { PartRow } from '../api/types.ts'
import { VerdictIcon } from '../look/icons.tsx'

const SHOWN = 24

/** The last parts, newest on the left, each with the colour and shape of its verdict. */
export const Strip = ({ parts }: { parts: readonly PartRow[] }): ReactNode => (
  <div className="strip">
    {parts.slice(0, SHOWN).map((row) => (
      <Link
        key={row.inspectionId}
        to={`/part/${row.inspectionId}`}
        className={`strip-item tone-${row.result}`}
        title={`${row.serial} · ${row.trigger}`}
      >
        {row.image ? (
          <img src={thumbUrl(row.image.sha256, 96)} alt={row.serial} />
        ) : (
          <span className="strip-none">–</span>
        )}
        <VerdictIcon result={row.result} size={14} />
      </Link>
    ))}
  </div>
)
