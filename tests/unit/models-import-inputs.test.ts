import { expect, it } from 'vitest'
import { imageInputOf } from '../../models/import/foreign-inputs.ts'

const shapedAs = (shape: (number | string)[]) =>
  imageInputOf({ inputs: [{ name: 'x', type: 'float32', shape }] })

it.each([
  [[1, 4, 32, 32]],
  // as Keras has it: it was said to be of the size 4 × 32
  [[1, 32, 32, 4]],
  [['n', 2, 'h', 'w']],
])('an input %j is refused by its channels', (shape) => {
  expect(() => shapedAs(shape)).toThrow(
    new RegExp(
      `MDL_PACKAGE.*\\(inputs\\); expected an image of one channel \\(grey\\) or three \\(RGB\\); found x \\[${shape.join(', ')}\\]; .*alpha`,
    ),
  )
})

it.each([
  [[1, 3, 32, 32]],
  [[1, 32, 32, 3]],
  [[1, 1, 32, 32]],
  [['n', 'h', 'w', 1]],
  [['n', 'c', 'h', 'w']],
  [[]],
])('an input %j is an image', (shape) => {
  expect(shapedAs(shape)).toMatchObject({ shape })
})
