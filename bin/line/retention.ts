import { statfs } from 'node:fs/promises'
import {
  type ImagesDeleted,
  type LineSpec,
  newEvent,
  RETENTION_CLASSES,
  RETENTION_SUBJECT,
} from '../../contracts/index.ts'
import type { LineState } from '../../dashboard/index.ts'
import type { TraceStore } from '../../traceability/index.ts'
import type { Questions } from '../../traceability/query/index.ts'
import { log } from '../setup/log.ts'

/** Images of one event. */
const BATCH = 200

export interface Retention {
  degraded(): LineState['degraded']
  close(): Promise<void>
}

/**
 * Makes room when the disk gets full: images of passed parts first, the newest evidence of failures never.
 *
 * @param drawn hashes of the images of the audit sample that nobody has looked at yet
 */
export function openRetention(
  spec: LineSpec,
  dataDir: string,
  query: Pick<Questions, 'oldestImages'>,
  store: Pick<TraceStore, 'deleteImages'>,
  drawn: () => readonly string[],
  freeOf: (dir: string) => Promise<number> = freeBytes,
): Retention | null {
  const { retention } = spec
  if (!retention) return null
  const { minFreeBytes, keepFails, everyMs } = retention
  let full = false
  let stopped = false
  let turn: Promise<void> = Promise.resolve()

  const room = async (): Promise<void> => {
    for (let free = await freeOf(dataDir); free < minFreeBytes && !stopped; free = await freeOf(dataDir)) {
      const batch = await next(query, keepFails, drawn())
      if (batch === null) {
        if (!full) log.error({ free, minFreeBytes }, 'the disk is getting full and no image may be deleted')
        full = true
        return
      }
      const bytes = batch.images.reduce((sum, i) => sum + i.bytes, 0)
      const data: ImagesDeleted = {
        class: batch.of,
        images: batch.images.map((i) => i.sha256),
        bytes,
        freeBytes: free,
        minFreeBytes,
      }
      await store.deleteImages(
        newEvent({
          type: 'qe.image.deleted.v1',
          source: `/plants/${spec.plant}/lines/${spec.line}`,
          subject: RETENTION_SUBJECT,
          partitionkey: spec.line,
          data,
        }),
      )
      log.warn({ class: batch.of, images: batch.images.length, bytes, free }, 'images were deleted for room')
    }
    full = false
  }
  const timer = setInterval(() => {
    turn = turn
      .then(room)
      .catch((error: unknown) => log.error({ error: String(error) }, 'no room could be made'))
  }, everyMs)
  return {
    degraded: () =>
      full
        ? [
            {
              id: 'retention',
              text: {
                en: 'The disk is getting full and only protected images are left: make room, or parts will be held',
                zh: '磁盘将满,只剩受保护的图像:请腾出空间,否则工件将被扣留',
              },
            },
          ]
        : [],
    async close() {
      stopped = true
      clearInterval(timer)
      await turn
    },
  }
}

async function next(query: Pick<Questions, 'oldestImages'>, keepFails: number, drawn: readonly string[]) {
  for (const of of RETENTION_CLASSES) {
    const images = await query.oldestImages(of, of === 'fail' ? keepFails : 0, BATCH, drawn)
    if (images.length > 0) return { of, images }
  }
  return null
}

async function freeBytes(dir: string): Promise<number> {
  const { bavail, bsize } = await statfs(dir)
  return bavail * bsize
}
