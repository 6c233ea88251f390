import type { FamilySpec } from '../../contracts/index.ts'
import { cellsOverImage } from '../adapters/cells.ts'
import type { Geometry } from '../input/geometry.ts'
import type { RawOutputs } from '../runtime/ort-session.ts'
import type { ReferenceFinding } from './arguments.schema.ts'

/** Areas of the regions of one image, by class. */
export interface AreaParity {
  /** Places that the graph gives, across and down. */
  grid: readonly [number, number]
  /** Area of the regions of each class that the library finds there, and how far the graph's is from it; in places. */
  classes: { places: number; off: number }[]
}

/** On the pixels of the library; null where it finds nothing, or gives no areas. */
export function compareAreas(
  spec: FamilySpec,
  raw: RawOutputs,
  geometry: Geometry,
  got: readonly Pick<ReferenceFinding, 'class' | 'areaPx'>[],
  want: readonly Pick<ReferenceFinding, 'class' | 'areaPx'>[],
): AreaParity | null {
  const output = gridOf(spec)
  const [height, width] = raw[output ?? '']?.shape.slice(-2) ?? []
  if (!height || !width || want.length === 0 || want.some((f) => f.areaPx === undefined)) return null
  const { areaPx } = cellsOverImage(geometry, width, height)
  const placesOf = (findings: typeof want, name: string): number =>
    findings.reduce((sum, f) => (f.class === name ? sum + (f.areaPx ?? 0) : sum), 0) / areaPx
  const classes = [...new Set(want.map((f) => f.class))].map((name) => {
    const places = placesOf(want, name)
    return { places, off: Math.abs(placesOf(got, name) - places) }
  })
  return { grid: [width, height], classes }
}

const gridOf = (spec: FamilySpec): string | null =>
  spec.family === 'segmentation-classes' ? spec.output : spec.family === 'anomaly-map' ? spec.map : null

/** Added to the places of a class: of a few, one that lies at the limit is a large share. */
const FEW = 16

/** Mean share by which areas differ, and in how many places altogether. */
export function areasOff(parity: readonly { areas: AreaParity | null }[]): { share: number; places: number } {
  const all = parity.flatMap((p) => p.areas?.classes ?? [])
  const share = all.reduce((sum, { off, places }) => sum + off / (places + FEW), 0) / Math.max(1, all.length)
  return { share, places: all.reduce((sum, { off }) => sum + off, 0) }
}
