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
    actual: outputs.map((o) => `${o.name} [${o.shape.join(', ')}]`).join(', '),
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

/** @throws MDL_PACKAGE when the shape of the first output is that of other heads than the family's */
export function refuseOtherHeads(
  { family, labels }: ImportArguments,
  { outputs }: Pick<OrtSession, 'outputs'>,
): void {
  const [shape = [], second = []] = outputs.map((o) => o.shape)
  const masks = second.length === 4 ? second[1] : 0
  if (!HEADS.includes(family) || shape.length !== 3 || typeof masks !== 'number') return
  if (family === 'yolo-segment' && masks === 0) return
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
  if (fits.length === 0 || fits.includes(family)) return
  const masked = fits.includes('rows with masks')
  throw new CodedError('MDL_PACKAGE', {
    path: 'family',
    expected: `${masked ? 'a head before its selection' : fits.join(' or ')}, for an output [${shape.join(', ')}] of ${labels.length} labels`,
    actual: family,
    ...(masked && {
      hint: 'rows that were selected in the graph and have masks are of no family here: export without nms=True and with end2end=False, and import as yolo-segment',
    }),
  })
}
