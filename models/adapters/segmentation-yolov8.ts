import type { FamilySpec } from '../../contracts/index.ts'
import { maskArea } from '../kernels/mask.kernel.ts'
import type { RawOutputs } from '../runtime/ort-session.ts'
import type { Adapter } from './adapter.ts'
import { floatsOf, wrongShape } from './adapter.ts'
import { yoloCandidates } from './detection-yolov8.ts'
import { boxArea, finishDetections } from './detections.ts'
import { elementwiseDifference } from './elementwise.ts'

type Spec = Extract<FamilySpec, { family: 'segmentation-yolov8' }>

/**
 * Instance segmentation of YOLOv8 and v11 (Ultralytics `Segment`): boxes and suppression as `detection-yolov8`; the
 * area is that of the mask. Where the mask is empty Ultralytics drops the detection; here it stays with the area of
 * its box, because what was detected must not vanish.
 */
export function segmentationYolov8(spec: Spec): Adapter {
  return {
    outputs: { [spec.output]: 'float32', [spec.prototypes]: 'float32' },
    difference: elementwiseDifference,
    decode(raw, context) {
      const p = readPrototypes(spec, raw)
      const { shape, data } = floatsOf(raw, spec.output)
      const rows = 4 + context.labels.length + p.count
      const anchors = shape[2]
      if (shape.length !== 3 || shape[0] !== 1 || shape[1] !== rows || anchors === undefined)
        throw wrongShape(spec.output, `[1, ${rows}, anchors]`, shape)
      const { found, anchor, best } = yoloCandidates(data, anchors, spec.scoreFloor, context)
      const { model, image, content } = context.geometry
      const scale = (image.widthPx * image.heightPx) / (content.widthPx * content.heightPx)
      const logits = new Float32Array(p.width * p.height)
      const first = (rows - p.count) * anchors
      return finishDetections(
        found,
        best,
        { iou: spec.nmsIou, classAware: true, ties: 'given' },
        context,
        (i, box) => {
          const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = found.boxes.slice(i * 4, i * 4 + 4)
          const cells = maskArea(
            p.data,
            p.count,
            p.width,
            p.height,
            data,
            first + (anchor[i] ?? 0),
            anchors,
            model.widthPx,
            model.heightPx,
            x1,
            y1,
            x2,
            y2,
            logits,
          )
          return cells > 0 ? cells * scale : boxArea(i, box)
        },
      )
    },
  }
}

function readPrototypes(spec: Spec, raw: RawOutputs) {
  const { shape, data } = floatsOf(raw, spec.prototypes)
  const [n, count, height, width] = shape
  if (shape.length !== 4 || n !== 1 || !count || !height || !width)
    throw wrongShape(spec.prototypes, '[1, coefficients, h, w]', shape)
  return { count, height, width, data }
}
