import type { ReplayEntry } from '../../camera/index.ts'
import type { CameraSpec } from '../../contracts/index.ts'
import { openDataSet } from '../images/open-data-set.ts'

/** Pictures of a data set in its own order; null where the source lists a plain folder itself, or is no replay. */
export async function replayEntries(camera: CameraSpec): Promise<ReplayEntry[] | null> {
  if (camera.adapter !== 'replay' || camera.dataset === 'folder') return null
  const options = {
    format: camera.dataset,
    ...(camera.split === undefined ? {} : { split: camera.split }),
  }
  const { items } = await openDataSet(camera.path, options, false)
  return items.map(({ image, reference }) => ({
    path: image,
    ...(reference === undefined ? {} : { referencePath: reference }),
  }))
}
