import type { SqlDatabase } from '../../contracts/index.ts'

/** A unit that no inspection named first has the lot that it is linked to. */
export const nameLot = (db: SqlDatabase, unit: string): void =>
  void db.run(
    `update identity set lot = (select m.lot from edge e join material_lot m on m.uri = e.parent
         where e.child = identity.uri and e.kind = 'associate' order by e.valid_from, e.parent limit 1)
       where uri = ? and not exists (select 1 from inspection i where i.position = identity.first_position)`,
    unit,
  )
