import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { CodedError, makeFolder } from '../../contracts/index.ts'
import type { ModelCard } from '../../contracts/index.ts'
import { draftFolder, unwritten } from '../package/output-folder.ts'
import { packModel } from '../package/pack.ts'
import type { PackedModel } from '../package/pack.ts'
import type { Backbone } from './backbone.ts'
import type { ColourSeen } from './colour-seen.ts'
import { METHODS } from './fit.ts'
import { MAP_OUTPUT, SCORE_OUTPUT } from './fused-graph.ts'
import { inputOf } from './images.ts'
import { allowedCells } from './regions.ts'
import type { TaughtModel } from './teach.ts'
import { NOTHING_WRITTEN } from './tools.ts'
import { skippedTiles } from './tiles.ts'
import { checkTaughtFolder, saveTeachData, teachDataDir } from './teach-store.ts'

/** Findings grow from their peak down to this share of the threshold. */
const REGION_SHARE = 0.6
const OWN_IMAGES = "the user's own"
/** Calibrated scores on another processor; a nearest patch of equal distance may be another one there. */
const GOLDEN = { atol: 0.02, rtol: 0.002 }

export interface TaughtPackageRequest {
  taught: TaughtModel
  backbone: Backbone
  /** What the images told of colour. */
  colour?: ColourSeen
  id: string
  version: string
  title: ModelCard['title']
  /** The package that this one is a new version of, and how many images of it are no longer taught. */
  parent?: { id: string; version: string; sha256: string; images: number; removed: number }
  /** Package folder; the teach data go into a folder beside it. */
  outDir: string
  privateKeyPem: string
  keyId: string
  signal?: AbortSignal
}

/**
 * Makes a signed package of a taught model, with golden vectors, and the teach data beside it. Both are written under
 * other names first: after an error nothing of them is left, and an older package is as it was.
 *
 * @throws TCH_CANCELLED; what `packModel` throws
 */
export async function packTaught(request: TaughtPackageRequest): Promise<PackedModel> {
  const { taught, backbone, outDir, privateKeyPem, keyId, signal } = request
  const dataDir = teachDataDir(outDir)
  await checkTaughtFolder(outDir)
  const draft = await draftFolder(outDir, 'teaching')
  let dataPlaced = false
  try {
    makeFolder(draft)
    const sha256 = createHash('sha256').update(taught.model).digest('hex')
    await saveTeachData(join(draft, 'data'), taught.data, sha256).catch(unwritten(outDir))
    if (signal?.aborted === true) throw new CodedError('TCH_CANCELLED', NOTHING_WRITTEN)
    const { widthPx, heightPx } = taught.data.size
    const card = taughtCard(request)
    return await packModel({
      onnx: taught.model,
      card: request.colour?.told(card) ?? card,
      goldenInputs: taught.examples.map((data) => ({ image: { data, widthPx, heightPx, channels: 3 } })),
      outDir,
      privateKeyPem,
      keyId,
      // First, so that no package is ever without them; data without a package are in nobody's way.
      async before() {
        await checkTaughtFolder(outDir)
        await rm(dataDir, { recursive: true, force: true })
        await rename(join(draft, 'data'), dataDir).catch(unwritten(outDir))
        dataPlaced = true
      },
    })
  } catch (error) {
    if (dataPlaced && !existsSync(outDir)) await rm(dataDir, { recursive: true, force: true })
    throw error
  } finally {
    await rm(draft, { recursive: true, force: true })
  }

  function taughtCard({ id, version, title, parent }: TaughtPackageRequest): ModelCard {
    const { report, data } = taught
    const { promise, value, detection } = report.threshold
    const { tiles } = data.size
    const skipped = tiles === undefined ? 0 : skippedTiles(data.size, tiles, allowedCells(data))
    const list = createHash('sha256')
    for (const g of data.good) list.update(g.sha256)
    // a golden template is made of the images alone
    const template = METHODS[report.choice.chosen.method].reference === 'template'
    const ofBackbone = {
      name: `backbone ${backbone.id} ${backbone.version}`,
      licence: backbone.licence,
      sha256: backbone.sha256,
    }
    return {
      id,
      version,
      title,
      spec: {
        family: 'anomaly-map',
        map: MAP_OUTPUT,
        score: SCORE_OUTPUT,
        mapThreshold: value * REGION_SHARE,
        minAreaPx: 1,
        decidedBy: 'score',
        ...(tiles && { tiles: { ...tiles, skipped } }),
      },
      inputs: [{ ...inputOf(data.size), name: backbone.input }],
      labels: ['anomaly'],
      licence: template ? OWN_IMAGES : backbone.licence,
      trainingData: [
        {
          name: `${data.good.length} good images of the user`,
          licence: OWN_IMAGES,
          sha256: list.digest('hex'),
        },
        ...(parent === undefined ? [] : [madeOf(parent, data.good.length)]),
        ...(template ? [] : [ofBackbone, ...backbone.trainingData]),
      ],
      metrics: {
        goodImages: report.goodImages,
        auroc: report.choice.chosen.auroc,
        detectionAtThreshold: detection,
        falseCallRatePromised: promise.promised,
      },
      threshold: {
        value,
        provenance:
          `${report.choice.chosen.method} (${report.choice.reason.en}); cross-fitted scores of ${promise.parts} good parts, ` +
          `${promise.exceeding} at or above it: at most ${(100 * promise.promised).toFixed(1)} % false calls with ` +
          `${(100 * promise.confidence).toFixed(0)} % confidence where each is another part`,
      },
      golden: GOLDEN,
    }
  }
}

/** Where a new version comes from, by the hash of the model that it was made of. */
function madeOf(
  { id, version, sha256, images, removed }: NonNullable<TaughtPackageRequest['parent']>,
  now: number,
): ModelCard['trainingData'][number] {
  const added = now - (images - removed)
  return {
    name: `taught from ${id} ${version}, which had ${images} good images: ${added} added, ${removed} taken out`,
    licence: OWN_IMAGES,
    sha256,
  }
}
