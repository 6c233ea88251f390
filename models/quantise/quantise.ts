import type { ModelCard } from '../../contracts/index.ts'
import type { ModelImages } from '../forward.ts'
import type { VerifiedPackage } from '../package/verify.ts'
import { createRunner } from '../runner.ts'
import type { ModelRunner } from '../runner.ts'
import { openSession } from '../runtime/ort-session.ts'
import { calibrate } from './calibrate.ts'
import { compareAnswers, timeBoth } from './compare.ts'
import type { QuantisedAgreement, QuantisedTime } from './compare.ts'
import { chooseLayers } from './layers.ts'
import { qdqModel } from './qdq-model.ts'
import { bySensitivity } from './sensitivity.ts'
import { plainJudge } from './verdict.ts'

export interface QuantiseRequest {
  float: VerifiedPackage
  id: string
  version: string
  /** Images that set the ranges; read once. */
  calibration: () => AsyncIterable<ModelImages>
  /** Images whose verdicts are compared; read once for each trial. */
  judged: () => AsyncIterable<{ id: string; images: ModelImages }>
  /** What the calibration images are and the hash of their list, for the card. */
  calibrationData: ModelCard['trainingData'][number]
  /** Verdicts that may differ; beyond it the result is refused. */
  maxFlips: number
  /** 7 for processors without VNNI, where products of 8 bits saturate. */
  weightBits: 7 | 8
  onTrial?: (trial: { floatLayers: number; flips: number; images: number }) => void
}

export interface Quantised {
  model: Uint8Array
  card: ModelCard
  accepted: boolean
  agreement: QuantisedAgreement
  time: QuantisedTime
  calibrationImages: number
  /** Layers in 8 bits. */
  layers: string[]
  /** Layers in float, and by which rule; `measured`: verdicts flipped with them in 8 bits. */
  left: { layer: string; rule: 'first' | 'last' | 'appended' | 'measured' }[]
}

/** Images that sensitivity is measured on, and that times are taken on. */
const FEW = 8

/**
 * Makes the int8 variant of a float model and measures it against that model. While more verdicts flip than allowed, the
 * most sensitive layers go back to float: one, two, four … up to half of them, beyond which little is gained. Blocks
 * its thread.
 *
 * @throws MDL_QUANTISE as `plainJudge`, `chooseLayers` and `calibrate` say; MDL_INPUT when an image does not fit
 */
export async function quantise(request: QuantiseRequest): Promise<Quantised> {
  const { float, weightBits, maxFlips } = request
  const { model, card } = float
  const judge = plainJudge(card)
  const choice = chooseLayers(model)
  const { ranges, images: calibrationImages } = await calibrate(
    model,
    card,
    choice.layers,
    request.calibration(),
  )
  const few: ModelImages[] = []
  for await (const { images } of request.judged()) if (few.push(images) === FEW) break
  const reference = await open(model, card)
  try {
    let order = choice.layers
    for (let floats = 0, next = 1; ; floats = next, next = 2 * floats) {
      if (floats === 1) order = await bySensitivity(model, card, choice, ranges, weightBits, few)
      const measured = floats === 0 ? [] : order.slice(0, floats)
      const layers = choice.layers.filter((l) => !measured.includes(l))
      const small = qdqModel(model, layers, ranges, weightBits)
      const runner = await open(small, card)
      try {
        const agreement = await compareAnswers(reference, runner, judge, request.judged())
        const flips = agreement.flips.length
        request.onTrial?.({ floatLayers: floats, flips, images: agreement.images })
        const accepted = flips <= maxFlips
        if (!accepted && 2 * next <= order.length) continue
        const time = await timeBoth(reference, runner, judge.options, few)
        return {
          model: small,
          card: quantisedCard(request, agreement, time),
          accepted,
          agreement,
          time,
          calibrationImages,
          layers: layers.map((l) => l.output),
          left: [...choice.left, ...measured.map((l) => ({ layer: l.output, rule: 'measured' as const }))],
        }
      } finally {
        await runner.close()
      }
    }
  } finally {
    await reference.close()
  }
}

async function open(model: Uint8Array, card: ModelCard): Promise<ModelRunner> {
  const session = await openSession(model, { providers: ['cpu'], intraOpThreads: 1 })
  try {
    return createRunner(card, '', session).runner
  } catch (error) {
    await session.close()
    throw error
  }
}

function quantisedCard(
  { float, id, version, calibrationData, weightBits }: QuantiseRequest,
  { images, flips, unmatched, scoreMax, scoresMax }: QuantisedAgreement,
  { floatMs, quantisedMs, cpuRatio }: QuantisedTime,
): ModelCard {
  const { card, sha256 } = float
  return {
    ...card,
    id,
    version,
    title: { zh: `${card.title.zh}(int8)`, en: `${card.title.en} (int8)` },
    trainingData: [
      { name: `quantised from ${card.id} ${card.version}`, licence: card.licence, sha256 },
      calibrationData,
      ...card.trainingData,
    ],
    metrics: {
      'int8.weightBits': weightBits,
      'int8.images': images,
      'int8.flips': flips.length,
      'int8.findingsUnmatched': unmatched,
      'int8.scoreMax': scoreMax,
      'int8.scoresMax': scoresMax,
      'int8.floatMs': floatMs,
      'int8.ms': quantisedMs,
      'int8.cpuRatio': cpuRatio,
    },
  }
}
