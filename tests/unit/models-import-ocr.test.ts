import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { modelCardSchema } from '../../contracts/index.ts'
import { generateKeys, importOcr, onnxGraph, onnxModel, onnxNode, onnxTensor } from '../../models/index.ts'
import { withMetadata } from './samples/foreign-export.ts'

let root = ''
let count = 0
const { privateKeyPem } = generateKeys()

beforeAll(async () => (root = await mkdtemp(join(tmpdir(), 'sightline-import-ocr-'))))
afterAll(() => rm(root, { recursive: true, force: true }))

/** A map of the grey of each place. */
const detector = onnxModel(
  onnxGraph({
    name: 'det',
    nodes: [onnxNode('Conv', ['x', 'mean'], ['grey']), onnxNode('Sigmoid', ['grey'], ['map'])],
    initializers: [onnxTensor('mean', [1, 3, 1, 1], new Float32Array(3).fill(1 / 3))],
    inputs: [{ name: 'x', type: 'float32', shape: ['n', 3, 'h', 'w'] }],
    outputs: [{ name: 'map', type: 'float32', shape: ['n', 1, 'h', 'w'] }],
  }),
)

/** Probabilities of so many classes for each 8 columns of a line. */
const recogniser = (classes: number) =>
  onnxModel(
    onnxGraph({
      name: 'rec',
      nodes: [
        onnxNode('AveragePool', ['x'], ['steps4'], {
          kernel_shape: { ints: [48, 8] },
          strides: { ints: [48, 8] },
        }),
        onnxNode('Conv', ['steps4', 'w'], ['classes4']),
        onnxNode('Squeeze', ['classes4', 'axis'], ['classes3']),
        onnxNode('Transpose', ['classes3'], ['logits'], { perm: { ints: [0, 2, 1] } }),
        onnxNode('Softmax', ['logits'], ['p'], { axis: { int: 2 } }),
      ],
      initializers: [
        onnxTensor(
          'w',
          [classes, 3, 1, 1],
          Float32Array.from({ length: classes * 3 }, (_, i) => i / 10),
        ),
        onnxTensor('axis', [1], BigInt64Array.of(2n)),
      ],
      inputs: [{ name: 'x', type: 'float32', shape: ['n', 3, 48, 'w'] }],
      outputs: [{ name: 'p', type: 'float32', shape: ['n', 't', classes] }],
    }),
  )

async function bring(files: Record<string, Uint8Array | string>) {
  const dir = join(root, String(count++))
  await mkdir(dir)
  for (const [name, content] of Object.entries(files)) await writeFile(join(dir, name), content)
  const packed = await importOcr({ fromDir: dir, outDir: join(dir, 'out'), privateKeyPem, keyId: 'test' })
  const cardOf = (of: string) =>
    modelCardSchema.parse(JSON.parse(readFileSync(join(of, 'card.json'), 'utf8')))
  return { detector: cardOf(packed.detector.dir), recogniser: cardOf(packed.recogniser.dir) }
}

describe('PP-OCR of other versions and languages', () => {
  // rapidocr 3.10.0: PP-OCRv6_det_small.onnx and PP-OCRv6_rec_small.onnx, the characters in the metadata of the latter
  it('takes the characters from the recogniser, and says which version it is of', async () => {
    const cards = await bring({
      'PP-OCRv6_det_small.onnx': detector,
      'PP-OCRv6_rec_small.onnx': withMetadata(recogniser(5), { character: 'A\n\u3000\n划' }),
      'ch_ppocr_mobile_v2.0_cls_mobile.onnx': 'of no use here',
    })
    expect(cards.recogniser.labels).toEqual(['A', '\u3000', '划', ' '])
    for (const card of [cards.detector, cards.recogniser])
      expect([card.version, card.licence, card.threshold.provenance]).toEqual([
        '6.0.0',
        'Apache-2.0 (PaddleOCR PP-OCRv6 small)',
        "PaddleOCR's default for PP-OCRv6",
      ])
  })

  // PaddleOCR, en_dict.txt: its last of 95 lines is the space, which `use_space_char` adds once more
  it('takes a dictionary that ends with the space, and one without it where the graph has no class for it', async () => {
    const det = { 'en_PP-OCRv3_det_infer.onnx': detector }
    const twice = await bring({
      ...det,
      'en_PP-OCRv3_rec_infer.onnx': recogniser(5),
      'en_dict.txt': 'A\r\nB\r\n \r\n',
    })
    expect(twice.recogniser.labels).toEqual(['A', 'B', ' ', ' '])
    const none = await bring({ ...det, 'en_PP-OCRv3_rec_infer.onnx': recogniser(3), 'en_dict.txt': 'A\nB' })
    expect(none.recogniser.labels).toEqual(['A', 'B'])
  })

  it('refuses a dictionary of another model, empty lines, and a folder in which it is not clear what is what', async () => {
    const det = { 'det.onnx': detector }
    const rec = { 'rec.onnx': recogniser(5) }
    await expect(bring({ ...det, ...rec, 'dict.txt': 'A\nB\n' })).rejects.toThrow(
      /MDL_PACKAGE.*rec\.onnx.*expected a dictionary of 4 characters, or of 3 and the space; found 2/,
    )
    await expect(bring({ ...det, ...rec, 'dict.txt': 'A\nB\nA\n' })).rejects.toThrow(
      /MDL_PACKAGE.*labels.*expected each label once; found A twice/,
    )
    // PaddleOCR counts an empty line as a class: those behind it would be shifted
    await expect(bring({ ...det, ...rec, 'dict.txt': 'A\n\nB\nC\n' })).rejects.toThrow(
      /MDL_PACKAGE.*dict\.txt.*expected a character on every line; found an empty line 2/,
    )
    await expect(
      bring({ ...det, ...rec, 'en_rec.onnx': recogniser(5), 'dict.txt': 'A\nB\nC' }),
    ).rejects.toThrow(
      /MDL_PACKAGE.*expected one recogniser, an \.onnx with rec in its name; found en_rec\.onnx, rec\.onnx/,
    )
    await expect(bring({ ...rec, 'dict.txt': 'A\nB\nC' })).rejects.toThrow(
      /MDL_PACKAGE.*expected one detector, an \.onnx with det in its name; found none/,
    )
    await expect(bring({ ...det, ...rec })).rejects.toThrow(
      /MDL_PACKAGE.*expected one dictionary, a \.txt with keys or dict in its name, or characters in the recogniser; found none/,
    )
  })
})
