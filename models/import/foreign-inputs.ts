import { CodedError } from '../../contracts/index.ts'
import { channelsLast } from '../onnx/uint8-input.ts'
import type { OrtSession } from '../runtime/ort-session.ts'

type Input = OrtSession['inputs'][number]

/**
 * The one image input of an export; a shape that is not known is told later, by the first run.
 *
 * @throws MDL_PACKAGE for several inputs, one that is no image, or one of other channels than grey or RGB
 */
export function imageInputOf({ inputs }: Pick<OrtSession, 'inputs'>): Input {
  const [input] = inputs
  if (inputs.length !== 1 || input === undefined)
    throw new CodedError('MDL_PACKAGE', {
      path: 'inputs',
      expected: 'one image input',
      actual: `[${inputs.map((i) => i.name).join(', ')}]`,
    })
  const { shape } = input
  const shown = `${input.name} [${shape.join(', ')}]`
  if (shape.length !== 0 && shape.length !== 4)
    throw new CodedError('MDL_PACKAGE', {
      path: 'inputs',
      expected: 'an image input [n, channels, height, width] or [n, height, width, channels]',
      actual: shown,
      hint:
        shape.length === 2
          ? "a model of rows of numbers, as scikit-learn's, is shown no image"
          : 'detectors of torchvision (Faster R-CNN, RetinaNet), which take an image without n and scale it themselves, are of no family here',
    })
  const second = shape[1]
  if (typeof second === 'number' && ![1, 3].includes(second) && !channelsLast(shape))
    throw new CodedError('MDL_PACKAGE', {
      path: 'inputs',
      expected: 'an image of one channel (grey) or three (RGB)',
      actual: shown,
      hint: 'images with alpha or further bands are shown to no model here: train it on RGB, or leave the other channels to a first layer inside the graph',
    })
  return input
}
