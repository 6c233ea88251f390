import type { FamilySpec } from '../../contracts/index.ts'
import type { Adapter } from './adapter.ts'
import { anomalyMap } from './anomaly-map.ts'
import { backbone } from './backbone.ts'
import { classification } from './classification.ts'
import { detectionDecoded } from './detection-decoded.ts'
import { detectionObjectness } from './detection-objectness.ts'
import { detectionRows } from './detection-rows.ts'
import { detectionYolov8 } from './detection-yolov8.ts'
import { segmentationClasses } from './segmentation-classes.ts'
import { segmentationYolov8 } from './segmentation-yolov8.ts'
import { textDetection } from './text-detection.ts'
import { textRecognition } from './text-recognition.ts'

/** The adapter of a family. A new family is one file here, one line below and one schema in contracts. */
export function adapterFor(spec: FamilySpec): Adapter {
  switch (spec.family) {
    case 'classification':
      return classification(spec)
    case 'detection-yolov8':
      return detectionYolov8(spec)
    case 'detection-objectness':
      return detectionObjectness(spec)
    case 'detection-decoded':
      return detectionDecoded(spec)
    case 'detection-rows':
      return detectionRows(spec)
    case 'segmentation-yolov8':
      return segmentationYolov8(spec)
    case 'segmentation-classes':
      return segmentationClasses(spec)
    case 'text-detection':
      return textDetection(spec)
    case 'text-recognition':
      return textRecognition(spec)
    case 'anomaly-map':
      return anomalyMap(spec)
    case 'backbone':
      return backbone(spec)
  }
}
