import { CodedError } from '../../contracts/index.ts'
import { AS_FLOAT } from '../onnx/outputs.ts'
import type { OrtSession } from '../runtime/ort-session.ts'
import type { ForeignFamily, ImportArguments } from './arguments.schema.ts'

type Outputs = (named: string | null, place: number) => string

/** An output by its name where the library always gives it one, else by its place. */
export const outputsOf =
  ({ outputs }: Pick<OrtSession, 'outputs'>): Outputs =>
  (named, place) => {
    const name = named ?? outputs[place]?.name
    const found = outputs.find((o) => o.name === name || o.name === `${name}${AS_FLOAT}`)
    if (found !== undefined && found.type !== 'float32')
      throw new CodedError('MDL_PACKAGE', {
        path: 'outputs',
        expected: `float numbers in ${found.name}`,
        actual: found.type,
        hint: 'export the network up to its scores, without what chooses among them (ArgMax, ZipMap)',
      })
    if (found !== undefined) return found.name
    throw new CodedError('MDL_PACKAGE', {
      path: 'outputs',
      expected: named ?? `at least ${place + 1}`,
      actual: `[${outputs.map((o) => o.name).join(', ')}]`,
      hint: 'choose the family the model was exported from',
    })
  }

/** @throws MDL_PACKAGE when the output that is read has not one number per label */
export function classesOf(
  { output: named, labels }: ImportArguments,
  { outputs }: Pick<OrtSession, 'outputs'>,
): string {
  const name = outputsOf({ outputs })(named ?? null, 0)
  const { shape } = outputs.find((o) => o.name === name) ?? { shape: [] }
  const width = shape.at(-1)
  if (shape.length !== 2 || typeof width !== 'number' || width === labels.length) return name
  throw new CodedError('MDL_PACKAGE', {
    path: 'outputs',
    expected: `[n, ${labels.length}], one number per label`,
    actual: shown(outputs),
    hint: 'give all labels in their order; where the graph has several outputs, name the one with the scores as `output`',
  })
}

/** Heads of detectors, whose outputs differ by their shapes alone. */
const HEADS: readonly ForeignFamily[] = [
  'yolo-detect',
  'yolo-objectness',
  'yolo-segment',
  'yolo-rows',
  'rtdetr',
]

/** Numbers of a row of Ultralytics' `obb` with nms=True: box, score, class, angle. RT-DETR of three labels and YOLOv5 of two have as many. */
const TURNED = 7
const TURNED_BOXES =
  'rows of 7 numbers are also those of a model for obb, whose turned boxes are of no family here: train one for detect'

/**
 * A shape that is not known beforehand is told by the first run.
 *
 * @throws MDL_PACKAGE when the shape of the first output is that of other heads than the family's, or of none
 */
export function refuseOtherHeads(
  { family, labels }: ImportArguments,
  { outputs }: Pick<OrtSession, 'outputs'>,
): void {
  const [shape = [], second = []] = outputs.map((o) => o.shape)
  const masks = second.length === 4 ? second[1] : 0
  if (!HEADS.includes(family) || shape.length !== 3 || typeof masks !== 'number') return
  if (family === 'yolo-segment' && masks === 0) return
  const scores = apart(outputs, labels.length)
  if (scores !== null)
    throw new CodedError('MDL_PACKAGE', {
      path: 'outputs',
      expected: 'boxes and scores in one output',
      actual: shown(outputs),
      hint: joined(labels.length, scores),
    })
  const [, rows, width] = shape
  const heads: [ForeignFamily | 'rows with masks', boolean][] =
    masks > 0
      ? [
          ['yolo-segment', rows === 4 + labels.length + masks],
          ['rows with masks', width === 6 + masks],
        ]
      : [
          ['yolo-detect', rows === 4 + labels.length],
          ['yolo-objectness', width === 5 + labels.length],
          ['yolo-rows', width === 6],
          ['rtdetr', width === 6 || width === 4 + labels.length],
        ]
  const fits = heads.filter(([, is]) => is).map(([name]) => name)
  if (typeof rows !== 'number' || typeof width !== 'number') {
    if (fits.length === 0) return
  } else if (fits.length === 0) throw otherShape(family, labels.length, masks, outputs)
  if (fits.includes(family)) return
  const masked = fits.includes('rows with masks')
  throw new CodedError('MDL_PACKAGE', {
    path: 'family',
    expected: `${masked ? 'a head before its selection' : fits.join(' or ')}, for an output [${shape.join(', ')}] of ${labels.length} labels`,
    actual: family,
    ...(masked && {
      hint: 'rows that were selected in the graph and have masks are of no family here: export without nms=True and with end2end=False, and import as yolo-segment',
    }),
    ...(width === TURNED && { hint: TURNED_BOXES }),
  })
}

/**
 * Scores, with one for no object at their end or without, and boxes in outputs of their own, as the detectors of
 * transformers have them; how many scores, null where that is not so.
 */
function apart([one, other]: OrtSession['outputs'], labels: number): number | null {
  const pair = one?.shape.length === 3 && other?.shape.length === 3 && one.shape[1] === other.shape[1]
  const widths = [one?.shape[2], other?.shape[2]]
  if (!pair || !widths.includes(4)) return null
  return (
    [labels, labels + 1].find(
      (scores) => widths.includes(scores) && (scores !== 4 || widths[0] === widths[1]),
    ) ?? null
  )
}

const shown = (outputs: OrtSession['outputs']): string =>
  outputs.map((o) => `${o.name} [${o.shape.join(', ')}]`).join(', ')

/** How what is apart is brought into one output. @param scores one per label, or one more */
function joined(labels: number, scores: number): string {
  const form = `[n, k, ${4 + labels}], centre and size as shares of the input and scores between 0 and 1, and import as rtdetr`
  const said = labels === 2 ? ' with "classes": "scores"' : ''
  const how =
    scores === labels
      ? 'torch.cat([boxes, logits.sigmoid()], -1)'
      : 'torch.cat([boxes, logits.softmax(-1)[..., :-1]], -1) of DETR and YOLOS, whose last one is no object'
  return `join them in the graph to ${form}${said}; the detectors of transformers give such boxes: ${how}`
}

function otherShape(
  family: ForeignFamily,
  labels: number,
  masks: number,
  outputs: OrtSession['outputs'],
): CodedError {
  const forms: Partial<Record<ForeignFamily, string>> = {
    'yolo-detect': `[n, ${4 + labels}, k]`,
    'yolo-segment': `[n, ${4 + labels + masks}, k]`,
    'yolo-objectness': `[n, k, ${5 + labels}]`,
    'yolo-rows': '[n, k, 6]',
    rtdetr: `[n, k, 6] or [n, k, ${4 + labels}]`,
  }
  return new CodedError('MDL_PACKAGE', {
    path: 'outputs',
    expected: `${forms[family]} for ${labels} labels`,
    actual: shown(outputs),
    hint:
      outputs[0]?.shape[2] === TURNED
        ? TURNED_BOXES
        : `give all labels in their order; where boxes and scores are outputs of their own, ${joined(labels, labels)}`,
  })
}
