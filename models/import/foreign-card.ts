import { CodedError } from '../../contracts/index.ts'
import type { FamilySpec, ModelCard, ModelInput } from '../../contracts/index.ts'
import { channelsLast } from '../onnx/uint8-input.ts'
import type { Uint8InputSpec } from '../onnx/uint8-input.ts'
import type { OrtSession } from '../runtime/ort-session.ts'
import { imageInputOf } from './foreign-inputs.ts'
import { classesOf, outputsOf, refuseOtherHeads } from './foreign-outputs.ts'
import { ANTIALIAS_OPSET } from '../onnx/scaling.ts'
import { PROBABILITY } from '../onnx/sigmoid.ts'
import type { ImportArguments } from './arguments.schema.ts'

/** Name of the uint8 input that an imported model gets. */
export const IMAGE = 'sightline_image'

/** ImageNet statistics of torchvision's transforms presets, in grey levels. */
const IMAGENET = { mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375] }
/** Ultralytics and anomalib feed 0..1; what else is needed is inside the graph. */
const UNIT = { mean: [0, 0, 0], std: [255, 255, 255] }
/** A graph that takes whole grey levels scales them itself. */
const LEVELS = { mean: [0, 0, 0], std: [1, 1, 1] }

export interface ForeignModel {
  card: ModelCard
  uint8: Uint8InputSpec
}

export interface ForeignRequest {
  id: string
  version: string
  licence: string
  arguments: ImportArguments
  library: string
}

/** Inputs and outputs of the export; `unclamped`: the value before the clamp of an output, by its name. */
export interface ForeignGraph extends Pick<OrtSession, 'inputs' | 'outputs'> {
  opset: number
  unclamped: ReadonlyMap<string, string>
}

/**
 * Card and input of a model exported by another library.
 *
 * Resizing as the library does it: Ultralytics letterboxes (RT-DETR: stretches) with OpenCV's INTER_LINEAR, torchvision
 * and Ultralytics' classifiers use Pillow's antialiased bilinear, both in 8 bits; a grey model gets Pillow's `convert('L')`. anomalib scales floats, antialiased: so does the graph, where its
 * operator set can, and takes images of any size then. Arguments stand above that.
 *
 * @throws MDL_PACKAGE when the graph lacks the outputs of the family, or its input is no image or of another size
 */
export function foreignModel(request: ForeignRequest, graph: ForeignGraph): ForeignModel {
  const a = request.arguments
  const input = imageInputOf(graph)
  const { shape } = input
  // anomalib's backbones take RGB; what is open is RGB, too
  const channels = a.family !== 'anomalib' && shape[channelsLast(shape) ? 3 : 1] === 1 ? 1 : 3
  const floats = a.family.startsWith('torchvision') && channels === 3 ? IMAGENET : UNIT
  const usual = input.type === 'uint8' ? LEVELS : floats
  // Given as of R, G, B; the graph has them in the order of the network.
  const inOrder = (levels: readonly number[]): number[] =>
    a.order === 'bgr' ? levels.toReversed() : [...levels]
  const statistics = {
    mean: inOrder(a.mean ?? usual.mean.slice(0, channels)),
    std: inOrder(a.std ?? usual.std.slice(0, channels)),
  }
  const [widthPx, heightPx] = a.size
  const [batch] = shape
  const [height, width] = channelsLast(shape) ? shape.slice(1, 3) : shape.slice(2)
  if (typeof batch === 'number' && batch !== 1)
    throw new CodedError('MDL_PACKAGE', {
      path: 'inputs',
      expected: 'a graph for one image, or for any number',
      actual: `one for ${batch} images at once`,
      hint: "export with a batch of 1; anomalib: Engine.export(..., input_size=(H, W), onnx_kwargs={'dynamic_axes': {}, 'dynamic_shapes': None})",
    })
  if ((typeof height === 'number' && height !== heightPx) || (typeof width === 'number' && width !== widthPx))
    throw new CodedError('MDL_PACKAGE', {
      path: 'size',
      expected: `the size of the graph's input: ${width} × ${height}`,
      actual: `${widthPx} × ${heightPx}`,
      hint: 'give size as width, height of the export',
    })
  // Scaled floats would be cut, not rounded, on their way into whole grey levels.
  const inGraph =
    a.family === 'anomalib' &&
    graph.opset >= ANTIALIAS_OPSET &&
    input.type !== 'uint8' &&
    !a.fit &&
    !a.resample
  const image: ModelInput = {
    name: IMAGE,
    layout: 'NHWC',
    dtype: 'uint8',
    channels,
    widthPx: inGraph ? null : widthPx,
    heightPx: inGraph ? null : heightPx,
    multipleOf: 1,
    role: 'image',
    ...(inGraph ? { fit: 'none' } : fitOf(a)),
    ...(a.marginGrey === undefined ? {} : { marginGrey: a.marginGrey }),
  }
  return {
    uint8: {
      input: input.name,
      image: IMAGE,
      channels,
      ...statistics,
      order: a.order ?? 'rgb',
      scaledTo: inGraph ? { widthPx, heightPx } : null,
    },
    card: {
      id: request.id,
      version: request.version,
      title: { zh: request.id, en: request.id },
      spec: specOf(a, graph),
      inputs: [image],
      labels: a.labels,
      licence: request.licence,
      trainingData: [],
      metrics: {},
      threshold: { value: a.threshold, provenance: `given at import; agreed with ${request.library}` },
      golden: { atol: 1e-2, rtol: 1e-2 },
    },
  }
}

/** As it is packed: the findings were compared by their own scores; a line decides as the library does. */
export function cardThatDecides(card: ModelCard, { imageThreshold }: ImportArguments): ModelCard {
  if (card.spec.family !== 'anomaly-map' || imageThreshold === undefined) return card
  return {
    ...card,
    spec: { ...card.spec, decidedBy: 'score' },
    threshold: { ...card.threshold, value: imageThreshold },
  }
}

/** @throws MDL_PACKAGE for a sigmoid where classes are chosen from */
function chosen({ activation }: ImportArguments): 'none' | 'softmax' | undefined {
  if (activation !== 'sigmoid') return activation
  throw new CodedError('MDL_PACKAGE', {
    path: 'activation',
    expected: 'softmax or none, where each place or image belongs to the best of its classes',
    actual: 'sigmoid',
    hint: 'sigmoid is for a torchvision-segment with one label',
  })
}

/** @throws MDL_PACKAGE when the middle is larger than the input */
function coversOf([width, height]: ImportArguments['size'], [w, h]: [number, number]): [number, number] {
  if (w <= width && h <= height) return [w / width, h / height]
  throw new CodedError('MDL_PACKAGE', {
    path: 'centreCrop',
    expected: `at most the size, ${width} × ${height}`,
    actual: `${w} × ${h}`,
  })
}

/** A binary segmentation: one number per place, which is no best of classes. */
export const isOneMap = ({
  family,
  labels,
  background,
}: Pick<ImportArguments, 'family' | 'labels' | 'background'>): boolean =>
  family === 'torchvision-segment' && labels.length === 1 && background === undefined

function fitOf(a: ImportArguments): Pick<ModelInput, 'fit' | 'resample' | 'resizePx'> {
  const usual = usualFit(a)
  const fit = a.fit ?? usual.fit
  const resample = a.resample ?? usual.resample
  return fit === 'crop' ? { fit, resample, resizePx: a.resize ?? Math.max(...a.size) } : { fit, resample }
}

function usualFit({ family, size, resize }: ImportArguments): Required<Pick<ModelInput, 'fit' | 'resample'>> {
  switch (family) {
    case 'yolo-detect':
    case 'yolo-objectness':
    case 'yolo-segment':
    case 'yolo-rows':
      return { fit: 'letterbox', resample: 'opencv' }
    case 'rtdetr':
      return { fit: 'stretch', resample: 'opencv' }
    case 'yolo-classify':
      // Of unequal sides both are given to its resizing, which leaves nothing to cut.
      return { fit: size[0] === size[1] || resize ? 'crop' : 'stretch', resample: 'pillow' }
    case 'torchvision-classify':
      return { fit: 'crop', resample: 'pillow' }
    case 'torchvision-segment':
    case 'anomalib':
      return { fit: 'stretch', resample: 'pillow' }
  }
}

/** A low floor: candidates below it are never looked at, whatever the recipe asks for. */
const FLOOR = 0.01

/**
 * Ultralytics' `RTDETRDecoder` gives [n, k, 4 + classes] (8.0 to 8.3), or box, score and class index [n, k, 6] where the
 * export takes the best class itself.
 */
function rowsOf(
  { classes, labels }: ImportArguments,
  width: number | string | undefined,
): 'index' | 'scores' {
  if (classes !== undefined) return classes
  return width === 4 + labels.length && width !== 6 ? 'scores' : 'index'
}

function specOf(a: ImportArguments, graph: ForeignGraph): FamilySpec {
  const { nmsIou } = a
  refuseOtherHeads(a, graph)
  const { unclamped } = graph
  const output = outputsOf(graph)
  switch (a.family) {
    case 'yolo-detect':
      return { family: 'detection-yolov8', output: output(null, 0), nmsIou, scoreFloor: FLOOR }
    case 'yolo-objectness':
      return {
        family: 'detection-objectness',
        output: output(null, 0),
        score: a.score ?? 'product',
        nmsIou,
        scoreFloor: FLOOR,
      }
    case 'yolo-segment':
      return {
        family: 'segmentation-yolov8',
        output: output(null, 0),
        prototypes: output(null, 1),
        nmsIou,
        scoreFloor: FLOOR,
      }
    case 'yolo-rows':
      return {
        family: 'detection-rows',
        output: output(null, 0),
        boxes: 'xyxy-px',
        classes: 'index',
        scoreFloor: FLOOR,
      }
    case 'rtdetr':
      return {
        family: 'detection-rows',
        output: output(null, 0),
        boxes: 'cxcywh-unit',
        classes: rowsOf(a, graph.outputs[0]?.shape[2]),
        scoreFloor: FLOOR,
      }
    case 'yolo-classify':
      return { family: 'classification', output: classesOf(a, graph), activation: chosen(a) ?? 'none' }
    case 'torchvision-classify':
      return { family: 'classification', output: classesOf(a, graph), activation: chosen(a) ?? 'softmax' }
    case 'torchvision-segment':
      if (isOneMap(a) && a.activation !== 'softmax')
        return {
          family: 'anomaly-map',
          map: output(graph.outputs[0]?.name === PROBABILITY ? null : (a.output ?? null), 0),
          score: null,
          mapThreshold: a.threshold,
          minAreaPx: 1,
        }
      return {
        family: 'segmentation-classes',
        output: output(a.output ?? null, 0),
        activation: chosen(a) ?? 'softmax',
        background: a.background ?? null,
        minAreaPx: 1,
      }
    case 'anomalib': {
      const map = output('anomaly_map', 0)
      const score = output('pred_score', 0)
      return {
        family: 'anomaly-map',
        map: unclamped.get(map) ?? map,
        score: unclamped.get(score) ?? score,
        ...(unclamped.has(score) ? { normalised: score } : {}),
        ...(a.centreCrop === undefined ? {} : { covers: coversOf(a.size, a.centreCrop) }),
        mapThreshold: a.threshold,
        minAreaPx: 1,
      }
    }
  }
}
