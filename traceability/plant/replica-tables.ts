/** A table of a line that the plant keeps as well, and how its rows come along with the events (`after`, `end`]. */
export interface ReplicaTable {
  table: string
  /** `?1` after, `?2` end. */
  select: string
  /** The statement takes as `?3` the units and lots that captured events of the stretch name: nothing else may tell of them. */
  named?: true
  /** Key that a row from elsewhere, or sent again, meets. */
  key: string
  /** Columns that a later row changes; none = the first one stays. */
  changes: readonly string[]
  /** Columns that hold positions of the log. */
  positions: readonly string[]
  /** Columns that hold the name of a station, or the URI of one. */
  stations: readonly string[]
}

const IN_RANGE = 'position > ?1 and position <= ?2'

const byPosition = (table: string, key: string, stations: readonly string[] = []): ReplicaTable => ({
  table,
  select: `select * from ${table} where ${IN_RANGE}`,
  key,
  changes: [],
  positions: ['position'],
  stations,
})

/** What waited for something that the stretch brought: its event is older. */
const MADE_LATE = `made_by > ?1 and made_by <= ?2 and position <= ?1`
const madeLate = (end: 'child' | 'parent'): string => `select ${end} from link_waiting where ${MADE_LATE}`

/** In the order in which they are written. */
export const REPLICA_TABLES: readonly ReplicaTable[] = [
  byPosition('inspection', 'position', ['station']),
  byPosition('defect', 'position, n'),
  byPosition('measurement', 'position, n'),
  byPosition('carrier_read', 'position, n'),
  byPosition('inspection_image', 'position, view'),
  byPosition('review', 'position'),
  {
    table: 'image',
    // New ones, and those that retention deleted.
    select: `select * from image where sha256 in (select sha256 from inspection_image where ${IN_RANGE}
      union select v.value from event e, json_each(e.json, '$.data.images') v
        where e.position > ?1 and e.position <= ?2 and e.type = 'qe.image.deleted.v1')`,
    key: 'sha256',
    changes: ['retention', 'deleted_at'],
    positions: [],
    stations: [],
  },
  {
    table: 'identity',
    // A fact may name a unit before anything makes it one: that is then the event behind the stretch that brings it.
    select: `select * from identity where first_position <= ?2 and uri in (
      select unit from inspection where ${IN_RANGE}
      union select child from edge where ${IN_RANGE}
      union ${madeLate('child')}
      union select subject from trace_fact where ${IN_RANGE}
      union select value from json_each(?3))`,
    named: true,
    key: 'uri',
    changes: [],
    positions: ['first_position'],
    stations: [],
  },
  {
    table: 'identity_alias',
    select: `select * from identity_alias where uri in (select unit from inspection where ${IN_RANGE})`,
    key: 'value, scheme, uri',
    changes: [],
    positions: [],
    stations: [],
  },
  {
    table: 'material_lot',
    select: `select * from material_lot where uri in (select parent from edge where ${IN_RANGE})
      union select * from material_lot where uri in (select child from edge where ${IN_RANGE})
      union select * from material_lot where uri in (${madeLate('parent')})
      union select * from material_lot where uri in (${madeLate('child')})
      union select * from material_lot where uri in (select subject from trace_fact where ${IN_RANGE})
      union select * from material_lot where uri in (select value from json_each(?3))`,
    named: true,
    key: 'uri',
    changes: ['supplier'],
    positions: [],
    stations: [],
  },
  {
    ...byPosition('trace_fact', 'position', ['subject']),
    select: `select * from trace_fact where ${IN_RANGE} or (superseded_by > ?1 and superseded_by <= ?2)`,
    changes: ['superseded_by'],
    positions: ['position', 'superseded_by'],
  },
  {
    table: 'edge',
    // What ended it may stand before it in the log, as an unpacking that was told first: it comes with its own event.
    select: `select * from edge where position <= ?2 and (position > ?1 or (closed_by > ?1 and closed_by <= ?2)
      or position in (select position from link_waiting where op = 'open' and ${MADE_LATE})
      or closed_by in (select position from link_waiting where op = 'close' and ${MADE_LATE}))`,
    key: 'child, parent, kind, valid_from',
    changes: ['valid_to', 'closed_by'],
    positions: ['position', 'closed_by'],
    stations: ['child', 'parent'],
  },
  {
    table: 'hold',
    // There are few; one that is released has no place of its own in the log.
    select: `select * from hold where position <= ?2 and exists
      (select 1 from trace_fact where ${IN_RANGE} and kind in ('hold', 'release', 'retract'))`,
    key: 'id',
    changes: ['released_by', 'released_at', 'release_reason', 'release_log'],
    positions: ['position'],
    stations: ['target'],
  },
]

/** Tables of a line that stay there, and why. */
export const NOT_REPLICATED: Readonly<Record<string, string>> = {
  event: 'is the log itself',
  log_tree: 'each log has its tree in line_log',
  gate: 'has no place in the log; follows by its own cursor',
  late_result: 'has no place in the log; follows by its own cursor',
  part_trigger: 'the balance of triggers is kept by the line',
  trigger_audit: 'the balance of triggers is kept by the line',
  trigger_gap: 'the balance of triggers is kept by the line',
  link_waiting: 'the links come when they are made',
  trigger_superseded: 'the balance of triggers is kept by the line',
  subscription: 'cursors of the consumers of the line',
  outbox: 'deliveries of the line',
}

/** Facts without a place in the log, by their UUIDv7, which sorts by time. */
export const SIDE_TABLES = ['gate', 'late_result'] as const
export type SideTable = (typeof SIDE_TABLES)[number]
