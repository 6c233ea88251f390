import { CodedError } from '../../contracts/index.ts'
import type { FamilySpec, ModelCard, ModelInput } from '../../contracts/index.ts'
import type { Uint8InputSpec } from '../onnx/uint8-input.ts'
import type { OrtSession } from '../runtime/ort-session.ts'
import type { ImportArguments } from './arguments.schema.ts'

/** Name of the uint8 input that an imported model gets. */
const IMAGE = 'sightline_image'

/** ImageNet statistics of torchvision's transforms presets, in grey levels. */
const IMAGENET = { mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375] }
/** Ultralytics and anomalib feed 0..1; what else is needed is inside the graph. */
const UNIT = { mean: [0, 0, 0], std: [255, 255, 255] }

export interface ForeignModel {
  card: ModelCard
  uint8: Uint8InputSpec
}

/**
 * Card and input of a model exported by another library.
 *
 * Resizing as the library does it: Ultralytics letterboxes (RT-DETR: stretches) with OpenCV's INTER_LINEAR; torchvision
 * and anomalib use Pillow's antialiased bilinear.
 *
 * @throws MDL_PACKAGE when the graph lacks the outputs of the family
 */
export function foreignModel(
  request: { id: string; version: string; licence: string; arguments: ImportArguments; library: string },
  graph: Pick<OrtSession, 'inputs' | 'outputs'>,
): ForeignModel {
  const a = request.arguments
  const [input] = graph.inputs
  if (graph.inputs.length !== 1 || input === undefined)
    throw new CodedError('MDL_PACKAGE', {
      path: 'inputs',
      expected: 'one image input',
      actual: `[${graph.inputs.map((i) => i.name).join(', ')}]`,
    })
  const statistics = a.family.startsWith('torchvision') ? IMAGENET : UNIT
  const [widthPx, heightPx] = a.size
  const image: ModelInput = {
    name: IMAGE,
    layout: 'NHWC',
    dtype: 'uint8',
    channels: 3,
    widthPx,
    heightPx,
    multipleOf: 1,
    role: 'image',
    ...fitOf(a),
  }
  return {
    uint8: { input: input.name, image: IMAGE, channels: 3, ...statistics, order: 'rgb' },
    card: {
      id: request.id,
      version: request.version,
      title: { zh: request.id, en: request.id },
      spec: specOf(a, outputsOf(graph)),
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

function fitOf(a: ImportArguments): Pick<ModelInput, 'fit' | 'resample' | 'resizePx'> {
  switch (a.family) {
    case 'yolo-detect':
    case 'yolo-segment':
    case 'yolo-rows':
      return { fit: 'letterbox', resample: 'opencv' }
    case 'rtdetr':
      return { fit: 'stretch', resample: 'opencv' }
    case 'torchvision-classify':
      return { fit: 'crop', resample: 'pillow', resizePx: a.resize ?? Math.max(...a.size) }
    case 'torchvision-segment':
    case 'anomalib':
      return { fit: 'stretch', resample: 'pillow' }
  }
}

type Outputs = (named: string | null, place: number) => string

/** An output by its name where the library always gives it one, else by its place. */
const outputsOf =
  ({ outputs }: Pick<OrtSession, 'outputs'>): Outputs =>
  (named, place) => {
    const name = named ?? outputs[place]?.name
    if (name !== undefined && outputs.some((o) => o.name === name)) return name
    throw new CodedError('MDL_PACKAGE', {
      path: 'outputs',
      expected: named ?? `at least ${place + 1}`,
      actual: `[${outputs.map((o) => o.name).join(', ')}]`,
      hint: 'choose the family the model was exported from',
    })
  }

/** A low floor: candidates below it are never looked at, whatever the recipe asks for. */
const FLOOR = 0.01

function specOf(a: ImportArguments, output: Outputs): FamilySpec {
  const { nmsIou } = a
  switch (a.family) {
    case 'yolo-detect':
      return { family: 'detection-yolov8', output: output(null, 0), nmsIou, scoreFloor: FLOOR }
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
        classes: 'index',
        scoreFloor: FLOOR,
      }
    case 'torchvision-classify':
      return { family: 'classification', output: output(null, 0), activation: 'softmax' }
    case 'torchvision-segment':
      return {
        family: 'segmentation-classes',
        output: output(null, 0),
        activation: 'softmax',
        background: a.background ?? null,
        minAreaPx: 1,
      }
    case 'anomalib':
      return {
        family: 'anomaly-map',
        map: output('anomaly_map', 0),
        score: output('pred_score', 0),
        mapThreshold: a.threshold,
        minAreaPx: 1,
      }
  }
}
