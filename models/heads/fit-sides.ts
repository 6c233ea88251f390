import { sample, seededRandom } from '../teach/random.ts'
import { SIDES } from './box-gradient.ts'
import type { Proposal } from './box-proposals.ts'
import type { LabelledBox } from './box-targets.ts'
import { type BoxView, levelTensors, seenBox } from './box-views.ts'
import { descend } from './descent.ts'
import { batchOf, type HeadFit } from './fit-boxes.ts'
import type { SegmentSize } from './patch-describer.ts'
import { type Corners, overlap, sideGradient } from './side-gradient.ts'
import { HIDDEN_SIDES, MAP, type SideHead, sideNetwork, TAPS } from './side-network.ts'
import { PLACES, profileWeights } from './side-profiles.ts'
import type { TensorFlow } from './tensorflow.ts'

/** A picture with what a head that has not seen it proposes, as taken. */
export interface ProposedPicture {
  views: readonly BoxView[]
  truths: readonly LabelledBox[]
  proposals: readonly Proposal[]
}

/** Proposals of a picture in a step. */
const PROPOSED = 18
/** And truths whose sides are moved by chance, by this share of the box (standard deviation). */
const [SHAKEN, SHAKE] = [6, 0.15]
/** Score that a shaken truth is given. */
const SHAKEN_SCORE = 0.3
/** A proposal lies on a truth from this IoU; below, its sides say nothing. */
const ON_TRUTH = 0.35
/** Shorter proposals are left out, px. */
const SHORTEST = 2
const RATE = 2e-3
/** Scores are kept from 0 and 1 by this much where their logits are taken. */
const RARE = 1e-6

/** Bytes that a step takes: features of its views, and what is around each place of its profiles, with the gradients. */
export const sideStepBytes = (size: SegmentSize, channels: number): number =>
  batchOf(size) *
  ((PROPOSED + SHAKEN) * SIDES * PLACES * (6 * TAPS * MAP + 8 * HIDDEN_SIDES) +
    size.grid.width * size.grid.height * (2 * channels + 6 * MAP)) *
  4

/**
 * A network of sides by descent on proposals of heads that had not seen the pictures: it learns the errors that it will
 * meet. Not convex: the same for the same seed and backend.
 */
export async function fitSides(
  engine: TensorFlow,
  pictures: readonly ProposedPicture[],
  { classes, size, coarseStridePx, channels, steps, seed, signal }: Omit<HeadFit, 'unitPx'>,
): Promise<SideHead> {
  const { tf } = engine
  const random = seededRandom(seed)
  const coarse = { width: size.widthPx / coarseStridePx, height: size.heightPx / coarseStridePx }
  const network = sideNetwork(engine, channels, classes, { coarse, fine: size.grid }, random)
  const usable = pictures
    .map((p) => ({ ...p, proposals: p.proposals.filter(isLong) }))
    .filter((p) => p.proposals.length + p.truths.length > 0)
  const batch = Math.min(usable.length, batchOf(size))
  let order: number[] = []
  try {
    await descend(engine, network.variables, { rate: RATE, steps, ...(signal && { signal }) }, () => {
      if (order.length < batch) order = sample(usable.length, usable.length, random)
      const chosen = order.splice(0, batch).flatMap((i) => usable[i] ?? [])
      const views: BoxView[] = []
      const boxes: Proposal[] = []
      const truths: (Corners | null)[] = []
      for (const picture of chosen) {
        const way = Math.floor(random() * picture.views.length)
        const view = picture.views[way]
        if (!view) continue
        views.push(view)
        for (const taken of taught(picture, random)) {
          const [proposal, truth] = [taken, onTruth(taken, picture.truths)]
          boxes.push({ ...proposal, box: seenBox(proposal, size, way).box })
          truths.push(truth && seenBox(truth, size, way).box)
        }
      }
      const corners = boxes.map((b) => b.box)
      const { places, quality, backward } = network.forward({
        ...levelTensors(engine, views, channels),
        weights: profileWeights(corners.flat(), size),
        classes: boxes.map((b) => b.class),
        logits: boxes.map(({ score }) => Math.log(Math.max(RARE, score) / Math.max(RARE, 1 - score))),
        views: views.length,
      })
      const said = { places: places.dataSync<'float32'>(), quality: quality.dataSync<'float32'>() }
      const slope = {
        places: new Float32Array(said.places.length),
        quality: new Float32Array(said.quality.length),
      }
      sideGradient(said, corners, truths, slope)
      return backward(
        tf.tensor2d(slope.places, [SIDES * boxes.length, PLACES]),
        tf.tensor2d(slope.quality, [boxes.length, 1]),
      )
    })
    return await network.read()
  } finally {
    network.dispose()
  }
}

const isLong = ({ box }: Proposal): boolean => box[2] - box[0] >= SHORTEST && box[3] - box[1] >= SHORTEST

/** As many boxes of each picture: some of its proposals, and truths shaken; without truths, more proposals. */
function taught({ truths, proposals }: ProposedPicture, random: () => number): Proposal[] {
  const shaken: Proposal[] = []
  const tries = truths.length === 0 ? 0 : SHAKEN
  for (let i = 0; i < tries; i++) {
    const truth = truths[Math.floor(random() * truths.length)]
    if (truth) shaken.push({ class: truth.class, score: SHAKEN_SCORE, box: shakenBox(truth.box, random) })
  }
  const pool = sample(proposals.length, PROPOSED + SHAKEN, random).flatMap((i) => proposals[i] ?? [])
  const from = pool.length > 0 ? pool : shaken
  const rest = Array.from({ length: PROPOSED + SHAKEN - shaken.length }, (_, i) => from[i % from.length])
  return [...shaken, ...rest.flatMap((p) => p ?? [])]
}

function shakenBox(box: Corners, random: () => number): Corners {
  const gauss = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const [x1, y1, x2, y2] = box
  const [x, y] = [(x2 - x1) * SHAKE, (y2 - y1) * SHAKE]
  const [left, top] = [x1 + x * gauss(), y1 + y * gauss()]
  return [left, top, Math.max(left + SHORTEST, x2 + x * gauss()), Math.max(top + SHORTEST, y2 + y * gauss())]
}

/** The truth of its class that a box overlaps most; null when that is little. */
function onTruth({ class: c, box }: Proposal, truths: readonly LabelledBox[]): LabelledBox | null {
  let best: LabelledBox | null = null
  let most = ON_TRUTH
  for (const truth of truths) {
    const iou = truth.class === c ? overlap(box, truth.box) : 0
    if (iou >= most) [best, most] = [truth, iou]
  }
  return best
}
