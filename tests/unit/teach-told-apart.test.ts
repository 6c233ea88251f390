import { expect, it } from 'vitest'
import { ToldApart } from '../../bin/teach/told-apart.ts'
import { createRng } from '../../datasets/sample-line/rng.ts'

/** So many grey pictures of one class, each of a mean of its own around `grey`. */
function some(
  to: ToldApart,
  label: string,
  count: number,
  { grey = 100, spread = 20, widthPx = 4, file = 'a.png' } = {},
): void {
  const rng = createRng(label.length + count)
  for (let n = 0; n < count; n++) {
    const data = new Uint8Array(widthPx * 4).fill(grey + rng.int(-spread, spread))
    to.add(label, file, { data, widthPx, heightPx: 4, channels: 1 })
  }
}

it('names size, format and brightness that one class alone has', () => {
  const of = new ToldApart()
  some(of, 'good', 20, { widthPx: 6, file: 'x.JPEG' })
  some(of, 'scratch', 20)
  some(of, 'burnt', 10, { grey: 30, spread: 5 })
  expect(of.notes()).toEqual([
    expect.stringMatching(
      /^pictures of 6 x 4 px: 20 of 20 images of good, 0 of 30 images of the other classes; /,
    ),
    expect.stringMatching(/^files of format jpg: 20 of 20 images of good, 0 of 30 images of the other/),
    expect.stringMatching(
      /^pictures of a mean grey of \d+\.0 or more: 0 of 10 images of burnt, 40 of 40 images of/,
    ),
  ])
})

it('says nothing of classes that are taken alike, nor of what few pictures have by chance', () => {
  const of = new ToldApart()
  some(of, 'good', 20)
  some(of, 'scratch', 25, { file: 'b.PNG' })
  expect(of.notes()).toEqual([])
  const few = new ToldApart()
  some(few, 'good', 5, { grey: 120, spread: 2 })
  some(few, 'scratch', 5, { grey: 90, spread: 2 })
  expect(few.notes()).toEqual([])
})
