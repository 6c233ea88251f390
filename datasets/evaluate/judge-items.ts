import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import {
  monoMs,
  noVerdict,
  toFact,
  asCoded,
  type FrameFormat,
  type InspectJob,
  type InspectOutcome,
  type Inspector,
  type PartContext,
} from '../../contracts/index.ts'
import type { DatasetItem } from '../readers/index.ts'

/** Nobody waits at a gate here; a frame that takes this long is stuck. */
const PATIENCE_MS = 300_000

export const EVALUATION_CONTEXT: PartContext = {
  line: 'evaluation',
  plant: 'offline',
  station: 'evaluation',
  product: 'dataset',
  shift: 'none',
}

/** The sniffing decoder looks at the bytes itself; an empty mime claims nothing. */
const ENCODED: FrameFormat = { kind: 'encoded', mime: '' }

interface RecipeName {
  id: string
  sha256: string
}

/** What is needed beside the outcome of an item, read while it is judged. */
export interface JudgeOptions<T> {
  /** Items judged at a time. */
  inFlight: number
  /** Ask for the score maps as the models gave them. */
  rawMaps: boolean
  beside(item: DatasetItem): Promise<T>
  onOutcome(item: DatasetItem, outcome: InspectOutcome, beside: T, index: number): void
}

/** How far judging may run ahead of an item that is slow, so that what waits for it stays bounded. */
const AHEAD = 64

/**
 * Sends items to an inspector and hands each outcome over in the order of the items. A file that cannot be read is a
 * no-verdict like any other.
 *
 * @throws what `beside` throws
 */
export async function judgeItems<T>(
  items: readonly DatasetItem[],
  inspector: Inspector,
  recipeOf: (item: DatasetItem) => RecipeName,
  { inFlight, rawMaps, beside, onOutcome }: JudgeOptions<T>,
): Promise<void> {
  const outcomes: ({ outcome: InspectOutcome; beside: T } | undefined)[] = []
  let next = 0
  let handed = 0
  const wake: (() => void)[] = []
  const lane = async (): Promise<void> => {
    for (let n = next++; n < items.length; n = next++) {
      const item = items[n] as DatasetItem
      while (n - handed >= AHEAD) await new Promise<void>((resolve) => wake.push(resolve))
      const [outcome, extra] = await Promise.all([
        judge(item, n + 1, inspector, recipeOf(item), rawMaps),
        beside(item),
      ])
      outcomes[n] = { outcome, beside: extra }
      for (let done = outcomes[handed]; done; done = outcomes[handed]) {
        onOutcome(items[handed] as DatasetItem, done.outcome, done.beside, handed)
        outcomes[handed++] = undefined
      }
      for (const resolve of wake.splice(0)) resolve()
    }
  }
  await Promise.all(Array.from({ length: Math.min(inFlight, items.length) }, lane))
}

async function judge(
  item: DatasetItem,
  trigger: number,
  inspector: Inspector,
  recipe: RecipeName,
  rawMaps: boolean,
): Promise<InspectOutcome> {
  let bytes: Uint8Array
  let reference: Uint8Array | undefined
  try {
    bytes = await readFile(item.image)
    reference = item.reference === undefined ? undefined : await readFile(item.reference)
  } catch (error) {
    const fact = toFact(asCoded(error, 'INS_DECODE', { file: item.image }))
    return {
      verdict: noVerdict(recipe, { reason: 'decode', ...fact }),
      timing: { queueMs: 0, decodeMs: 0, gateMs: 0, toolsMs: {}, inferMs: 0, ruleMs: 0, totalMs: 0 },
      widthPx: 0,
      heightPx: 0,
      worker: 'none',
    }
  }
  const now = monoMs()
  const job: InspectJob = {
    meta: {
      frameId: randomUUID(),
      station: EVALUATION_CONTEXT.station,
      view: 'top',
      trigger,
      cameraCounter: null,
      capturedAt: new Date().toISOString(),
      triggeredAtMs: now,
      format: ENCODED,
      byteLength: bytes.byteLength,
      source: item.image,
      simulated: true,
    },
    pixels: {
      in: 'message',
      bytes,
      ...(reference === undefined ? {} : { reference: { bytes: reference, format: ENCODED } }),
    },
    recipe: recipe.id,
    context: EVALUATION_CONTEXT,
    rawMaps,
    deadlineMs: now + PATIENCE_MS,
  }
  return inspector.inspect(job).outcome
}
