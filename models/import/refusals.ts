import { CodedError } from '../../contracts/index.ts'
import { areasOff } from './areas.ts'
import { isClassifier } from './arguments.schema.ts'
import type { ForeignFamily, ImportArguments } from './arguments.schema.ts'
import type { FindingParity, ImageParity } from './parity.ts'

/** What was compared, for the messages. */
interface Compared {
  referenceDir: string
  library: string
  /** Width, height of the model's input, px. */
  size: ImportArguments['size']
  /** Whether the graph scales the image, as its library does. */
  scalesItself: boolean
}

/**
 * Differences above which two sides do not compute the same, far above what the order of float32 arithmetic, a
 * reference made in float16, or pixels of one grey level leave.
 */
const LIMITS = {
  /**
   * Scores where both sides are shown the same (`scoresOff`), relative above the scale (`scaleOf`). The same arithmetic
   * leaves 0.0001, a graph in float16 up to 0.015; B for R may leave 0.027.
   */
  same: 0.02,
  /** Scores on the pixels made here, of an image that the library scaled in other steps. */
  own: 0.1,
  /** Share of the library's findings without a partner, on its own pixels. */
  missing: 0.1,
  /** Share of the findings made here that the library has not, on its own pixels: each holds or rejects a good part. */
  extra: 0.1,
  /**
   * Mean grey levels of one image. Right preparation leaves 0.01 (0.25 where the library scales floats), another
   * interpolation up to 1, a crop that is 5 % off 4, on images with texture.
   */
  pixels: 2,
  /**
   * Areas of the regions of each class, mean share of an image (`areasOff`). Measured on small networks of stride 1 and 4,
   * with one class and with three: the same arithmetic leaves 0, a graph in float16 0.0014, weights of bfloat16 0.007,
   * masks that were brought to another size without interpolation 0.022, other corners of the scaling 0.07.
   */
  areas: 0.03,
  /**
   * The same where the graph gives fewer places than its input has pixels: the right ones leave 0.007 at most there. Logits
   * that the library scales up and the graph does not make 0.02 to 0.07 of discs with a radius of 2 to 4 places, 0.01 to
   * 0.04 of 4 to 8, and of larger ones less, down to 0.006, which passes.
   */
  coarseAreas: 0.008,
  /** Places, of all images together, that are no other size of the map: some lie at the limit between two classes. */
  places: 4,
} as const

/** Families whose boxes are numbers of the network; those of regions jump by a cell where a value lies at a limit. */
const BOXES: readonly ForeignFamily[] = [
  'yolo-detect',
  'yolo-objectness',
  'yolo-segment',
  'yolo-rows',
  'rtdetr',
]

/** @throws MDL_GOLDEN when a verdict flips */
export function refuseFlips(
  compared: Compared,
  { family }: ImportArguments,
  parity: readonly ImageParity[],
): void {
  const { referenceDir, library } = compared
  const flips = parity.filter((p) => p.verdict !== p.referenceVerdict)
  if (flips.length === 0) return
  throw new CodedError('MDL_GOLDEN', {
    file: referenceDir,
    path: flips.map((f) => f.image).join(', '),
    expected: `the verdicts of ${library}: ${flips.map((f) => f.referenceVerdict).join(', ')}`,
    actual: flips.map((f) => f.verdict).join(', '),
    hint: also(
      `check ${suspects(family, flips)}; do not use the model before the difference is explained`,
      coarser(compared, parity),
    ),
  })
}

/** What may be wrong: how the image is brought to its size where the model agrees on the pixels of the library, else all. */
function suspects(family: ForeignFamily, parity: readonly ImageParity[]): string {
  const agrees = parity.every(
    ({ given }) => given.unmatched === 0 && scoreDifference(family, given) <= LIMITS.same,
  )
  if (agrees)
    return `fit, resize, resample and marginGrey of import.json (the pixels of the library give its scores), and ${ONE_PICTURE}`
  const threshold = family === 'anomalib' ? 'threshold, imageThreshold' : 'threshold'
  return `family, labels and their order, size, ${threshold}, mean, std, order of the channels, activation and fit of import.json`
}

/**
 * Verdicts can agree by accident: with labels in another order, or boxes of another form, every finding is wrong.
 *
 * @throws MDL_GOLDEN when most findings have no partner
 */
export function refuseStrangers(compared: Compared, parity: readonly ImageParity[]): void {
  const { referenceDir, library } = compared
  for (const side of ['given', 'own'] as const) {
    const found = parity.reduce((n, p) => n + p.referenceFindings + p[side].findings, 0)
    const alone = parity.reduce((n, p) => n + p[side].unmatched, 0)
    if (alone * 2 > found)
      throw new CodedError('MDL_GOLDEN', {
        file: referenceDir,
        expected: `the findings of ${library}`,
        actual: `${alone} of ${found} have no partner of their class and place, ${
          side === 'given' ? 'on the pixels of the library' : 'on the pixels made here'
        }`,
        hint: also(
          side === 'given'
            ? 'check the order of the labels, family, size, mean, std and order of import.json'
            : `check fit, resize and resample of import.json (the pixels of the library give its findings), and ${ONE_PICTURE}`,
          coarser(compared, parity),
        ),
      })
  }
}

/**
 * A model that is decoded or fed otherwise than by its library keeps many a verdict: a second softmax leaves the best
 * class the best. Its scores mean something else, and a threshold set on them lets parts through.
 *
 * @throws MDL_GOLDEN when findings of the library are missing or others are there, or scores, boxes or pixels differ
 */
export function refuseDifferences(
  compared: Compared,
  { family, size }: ImportArguments,
  parity: readonly ImageParity[],
): void {
  const exact = isExact(family)
  const paired = exact && !isClassifier(family)
  const sum = (numberOf: (p: ImageParity) => number): number => parity.reduce((n, p) => n + numberOf(p), 0)
  const wanted = sum((p) => p.referenceFindings)
  const missing = sum((p) => p.given.missing)
  if (paired && missing > LIMITS.missing * wanted)
    throw refused(compared, {
      expected: `the findings of ${compared.library}`,
      actual: `${missing} of ${wanted} are missing, on the pixels of the library`,
      hint: also(DECODED, coarser(compared, parity)),
    })
  const found = sum((p) => p.given.findings)
  const extra = sum((p) => p.given.unmatched) - missing
  if (paired && extra > LIMITS.extra * found)
    throw refused(compared, {
      expected: `the findings of ${compared.library}, and no others`,
      actual: `${extra} of ${found} it has not, on the pixels of the library`,
      hint: also(
        'check background and nmsIou; the reference is made at the threshold that import.json gives, which no finding lies at, and with a max_det that no image reaches',
        coarser(compared, parity),
      ),
    })
  for (const p of parity) {
    const own = scoreDifference(family, p.own)
    const off = scoresOff(family, [p])
    if (exact && off > LIMITS.same)
      throw refused(compared, {
        path: p.image,
        expected: `the scores of ${compared.library}`,
        actual: `others, by up to ${off.toFixed(3)}, on its own pixels`,
        hint: DECODED,
      })
    const boxPx = Math.max(1, p.widthPx / size[0], p.heightPx / size[1])
    if (BOXES.includes(family) && p.given.boxMaxPx > boxPx)
      throw refused(compared, {
        path: p.image,
        expected: `the boxes of ${compared.library}`,
        actual: `others, by up to ${p.given.boxMaxPx.toFixed(1)} px, on its own pixels`,
        hint: 'check family and fit: where the image lies in the input of the model is how boxes are brought back',
      })
    if (p.pixelsMean > LIMITS.pixels)
      throw refused(compared, {
        path: p.image,
        expected: `the pixels that ${compared.library} shows its network`,
        actual: `others, by ${p.pixelsMean.toFixed(1)} grey levels in the mean`,
        hint: `check fit, resize, resample and marginGrey of import.json, that the input files are RGB, or grey for a grey model, and ${ONE_PICTURE}`,
      })
    if (own > (compared.scalesItself ? LIMITS.same : LIMITS.own))
      throw refused(compared, {
        path: p.image,
        expected: `the scores of ${compared.library}`,
        actual: `others, by up to ${own.toFixed(3)}, on the pixels made here`,
        hint: 'check fit, resize, resample, mean, std and order of import.json',
      })
  }
  if (family === 'torchvision-segment') refuseAreas(compared, parity)
}

/** Scores stay as they are where the library scales its logits up and the graph does not; sizes of regions do not. */
function refuseAreas(compared: Compared, parity: readonly ImageParity[]): void {
  const { share, places } = areasOff(parity)
  const limit = coarser(compared, parity) === '' ? LIMITS.areas : LIMITS.coarseAreas
  if (share <= limit || places <= LIMITS.places) return
  const [most] = parity.toSorted((a, b) => areasOff([b]).share - areasOff([a]).share)
  const [across = 0, down = 0] = most?.areas?.grid ?? []
  const [width, height] = compared.size
  throw refused(compared, {
    ...(most && { path: most.image }),
    expected: `the areas of the regions of ${compared.library}`,
    actual: `others, by ${(100 * share).toFixed(1)} % in the mean, on its own pixels; the graph gives ${across} × ${down} places for ${width} × ${height} px`,
    hint:
      coarser(compared, parity) ||
      `make the reference of the classes at the size that the graph gives, ${across} × ${down}, with its areas in px of the image`,
  })
}

/** @throws MDL_GOLDEN when neither side says anything of any image */
export function refuseNothing(
  { referenceDir, library }: Compared,
  parity: readonly ImageParity[],
  scored: boolean,
): void {
  if (scored || parity.some((p) => p.referenceFindings + p.own.findings + p.given.findings > 0)) return
  throw new CodedError('MDL_GOLDEN', {
    file: referenceDir,
    expected: `findings or scores of ${library} to compare`,
    actual: `none in ${parity.length} images`,
    hint: 'add images with defects, or make the reference at a threshold low enough that the library finds something',
  })
}

/** A reference put together by hand may pair an image with what the library showed or found of another. */
const ONE_PICTURE = 'that image, input and findings of an item of reference.json are of one picture'

const DECODED = `check family, activation, mean, std and order, and ${ONE_PICTURE}; where the reference was made before quantisation, give that export as --fp32`

/** anomalib scales floats: what the reference has of its pixels is rounded, and only the image itself tells. */
const isExact = (family: ForeignFamily): boolean => family !== 'anomalib'

/** Largest difference of scores of a model and its library, on the library's own pixels or, for anomalib, the image's. */
export const scoresOff = (family: ForeignFamily, parity: readonly ImageParity[]): number =>
  Math.max(0, ...parity.map((p) => scoreDifference(family, isExact(family) ? p.given : p.own)))

/** The named numbers of a segmentation are areas, of which a few places make any share where a class has few. */
const scoreDifference = (family: ForeignFamily, { scoreMax, scoresMax }: FindingParity): number =>
  family === 'torchvision-segment' ? scoreMax : Math.max(scoreMax, scoresMax)

/** A way out where the map of the graph has fewer places than its input has pixels; '' where it has not. */
function coarser({ size }: Compared, parity: readonly ImageParity[]): string {
  const [across, down] = parity.find((p) => p.areas !== null)?.areas?.grid ?? size
  if (across >= size[0] && down >= size[1]) return ''
  return `where the library scales its logits up before it chooses the classes, export with that inside the graph; else make the reference at the size that the graph gives, ${across} × ${down}`
}

const also = (hint: string, more: string): string => (more === '' ? hint : `${hint}; ${more}`)

const refused = (
  { referenceDir }: Compared,
  details: { path?: string; expected: string; actual: string; hint: string },
): CodedError => new CodedError('MDL_GOLDEN', { file: referenceDir, ...details })
