import type { QEvent, SqlDatabase } from '../../contracts/index.ts'
import { CAPTURED, capturedThings } from '../epcis/captured-things.ts'
import { lotUri } from '../identity/index.ts'

/** What captured events of a stretch name. */
interface Named {
  /** Units and lots. */
  uris: string[]
  /** Units of which they say the lot. */
  ofLots: string[]
}

export function namedIn(source: SqlDatabase, after: number, end: number): Named {
  const rows = source.all<{ json: string }>(
    `select json from event where position > ? and position <= ? and type = '${CAPTURED}'`,
    after,
    end,
  )
  const things = rows.flatMap(
    ({ json }) => capturedThings((JSON.parse(json) as QEvent<Record<string, unknown>>).data).things,
  )
  return {
    uris: things.flatMap(({ uri, gtin, lot }) =>
      lot === null ? uri : [uri, lotUri({ id: gtin, gtin }, lot)],
    ),
    ofLots: things.flatMap(({ uri, kind, lot }) => (kind === 'unit' && lot !== null ? uri : [])),
  }
}
