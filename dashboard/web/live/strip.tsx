import { type ReactNode } from 'react'
import { Link } from 'react-router'
import type { PartRow } from '../api/types.ts'
import { VerdictIcon } from '../look/icons.tsx'
import { Thumb } from '../look/thumb.tsx'

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
        <Thumb className="strip-thumb" image={row.image?.sha256 ?? null} alt={row.serial} />
        <VerdictIcon result={row.result} size={14} />
      </Link>
    ))}
  </div>
)
