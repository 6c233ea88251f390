import type { Registration, SqlDatabase } from '../../contracts/index.ts'
import { type CauseQuery, FIRST_VERDICT, FOUND } from '../genealogy/first-verdicts.ts'
import { columnsOf } from '../genealogy/json-rows.ts'

/** Of first verdicts, all defect classes or one. */
export interface PlacesQuery extends CauseQuery {
  /** The recipe whose parts are looked at; absent = the one with the most defects. */
  recipe?: string
}

/** Where on the part condemned findings lie, without those of parts that a person found good. Another version of a recipe may look at another frame. */
export interface DefectPlaces {
  /** Recipes with defects in the window, most first. */
  recipes: { recipe: string; n: number }[]
  /** Null where there are no defects. */
  view: {
    recipe: string
    /** Of the part frame. */
    widthPx: number
    heightPx: number
    /** Of a part judged by it, to draw upon; null where no image of one is left. */
    image: { sha256: string; registration: Registration | null } | null
    /** Middle of each box in the part frame, px, newest first; `mm` in part coordinates where it is calibrated. */
    points: { x: number; y: number; class: string; inspectionId: string; mm: [number, number] | null }[]
    /** There are older ones. */
    older: boolean
  } | null
}

const MAX_POINTS = 1_000
const MAX_RECIPES = 50
/** Good parts among which an image is looked for: retention may have taken all of them. */
const MAX_PASSED = 1_000

interface Found {
  x: number[]
  y: number[]
  class: string[]
  id: string[]
  mmX: (number | null)[]
  mmY: (number | null)[]
}

const CONDEMNED = `from inspection i join defect d on d.position = i.position
    where i.started_at >= ?1 and i.started_at < ?2 and ${FIRST_VERDICT} and ${FOUND} <> 'pass'`

/** How many such findings there are of each class, most frequent first. */
export const defectClasses = (
  db: SqlDatabase,
  { from = '', to = '9999' }: CauseQuery,
): { class: string; count: number }[] =>
  db.all<{ class: string; count: number }>(
    `select d.class as class, count(*) as count ${CONDEMNED} group by d.class order by count(*) desc, d.class`,
    from,
    to,
  )

export function defectPlaces(
  db: SqlDatabase,
  { class: of, from = '', to = '9999', recipe }: PlacesQuery,
): DefectPlaces {
  const found = `${CONDEMNED}${of === undefined ? '' : ' and d.class = ?3'}`
  const values = [from, to, ...(of === undefined ? [] : [of])]
  const recipes = db.all<{ recipe: string; n: number }>(
    `select i.recipe as recipe, count(*) as n ${found} group by i.recipe order by n desc, recipe limit ${MAX_RECIPES}`,
    ...values,
  )
  const shown = recipe ?? recipes[0]?.recipe
  if (shown === undefined || !recipes.some((r) => r.recipe === shown)) return { recipes, view: null }
  const points = columnsOf<Found>(
    db.get(
      `select json_group_array(x) as x, json_group_array(y) as y, json_group_array(name) as class,
           json_group_array(id) as id, json_group_array(mmx) as "mmX", json_group_array(mmy) as "mmY" from (select (d.x1 + d.x2) / 2 as x, (d.y1 + d.y2) / 2 as y, d.class as name, i.inspection_id as id,
             d.part_x_mm as mmx, d.part_y_mm as mmy ${found} and i.recipe = ?${values.length + 1}
           order by i.position desc, d.n limit ${MAX_POINTS + 1})`,
      ...values,
      shown,
    ),
  )
  const size = db.get<{ width: number; height: number }>(
    'select width_px as width, height_px as height from inspection where recipe = ? order by started_at desc limit 1',
    shown,
  )
  return {
    recipes,
    view: {
      recipe: shown,
      widthPx: size?.width ?? 0,
      heightPx: size?.height ?? 0,
      image: pictureOf(db, shown),
      points: points.x.slice(0, MAX_POINTS).map((x, n) => {
        const [mmX, mmY] = [points.mmX[n] ?? null, points.mmY[n] ?? null]
        return {
          x,
          y: points.y[n] ?? 0,
          class: points.class[n] ?? '',
          inspectionId: points.id[n] ?? '',
          mm: mmX === null || mmY === null ? null : [mmX, mmY],
        }
      }),
      older: points.x.length > MAX_POINTS,
    },
  }
}

/** The newest of the last good parts whose image is there. */
function pictureOf(db: SqlDatabase, recipe: string): NonNullable<DefectPlaces['view']>['image'] {
  const row = db.get<{ sha256: string; registration: string | null }>(
    `select m.sha256 as sha256, i.registration as registration from
         (select position, started_at, registration from inspection where recipe = ? and result = 'pass'
            order by started_at desc limit ${MAX_PASSED}) i
         join inspection_image v on v.position = i.position join image m on m.sha256 = v.sha256
       where m.deleted_at is null
       order by i.started_at desc limit 1`,
    recipe,
  )
  if (row === undefined) return null
  return {
    sha256: row.sha256,
    registration: row.registration === null ? null : (JSON.parse(row.registration) as Registration),
  }
}
