import { describe, expect, it } from 'vitest'
import { importArgumentsSchema } from '../../models/import/arguments.schema.ts'
import type { ForeignFamily } from '../../models/import/arguments.schema.ts'
import { refuseOtherHeads } from '../../models/import/foreign-outputs.ts'

describe('a detector', () => {
  it.each([
    [
      'yolo-rows',
      [7, 525],
      null,
      /expected yolo-detect, for an output \[n, 7, 525\] of 3 labels; found yolo-rows/,
    ],
    ['rtdetr', [7, 525], null, /expected yolo-detect, .*found rtdetr/],
    ['yolo-detect', [300, 6], null, /expected yolo-rows or rtdetr, .*found yolo-detect/],
    // the form of RT-DETR with three labels, and of ultralytics 8.4 with nms=True for obb
    ['yolo-rows', [300, 7], null, /expected rtdetr, .*found yolo-rows; .*obb, whose turned boxes are of no/],
    [
      'yolo-detect',
      [300, 7],
      null,
      /expected rtdetr, .*found yolo-detect; .*obb, whose turned boxes are of no/,
    ],
    ['yolo-detect', [39, 525], 32, /expected yolo-segment, .*found yolo-detect/],
    // what YOLO26 gives with masks and end to end
    [
      'yolo-segment',
      [300, 38],
      32,
      /expected a head before its selection, .*end2end=False, and import as yolo-segment/,
    ],
    [
      'yolo-detect',
      [84, 525],
      null,
      /\(outputs\).*expected \[n, 7, k\] for 3 labels; found output0 \[n, 84, 525\]/,
    ],
    ['yolo-segment', [116, 525], 32, /expected \[n, 39, k\] for 3 labels; found output0 \[n, 116, 525\]/],
    ['rtdetr', [300, 3], null, /expected \[n, k, 6\] or \[n, k, 7\] for 3 labels; .*join them in the graph/],
  ])('read as %s with an output %j is told what it is', (family, [rows = 0, width = 0], masks, message) => {
    const shapes = [['n', rows, width], ...(masks === null ? [] : [['n', masks, 40, 40]])]
    const outputs = shapes.map((shape, n) => ({ name: `output${n}`, type: 'float32', shape }))
    const labels = ['dent', 'stain', 'hole']
    const args = importArgumentsSchema.parse({ family, labels, size: [160, 160], threshold: 0.5 })
    expect(() => refuseOtherHeads(args, { outputs })).toThrow(message)
  })

  it.each([1, 2, 4])('with turned boxes is told that, of %i labels', (count) => {
    const outputs = [{ name: 'output0', type: 'float32', shape: [1, 300, 7] }]
    const labels = Array.from({ length: count }, (_, n) => `class ${n}`)
    const args = importArgumentsSchema.parse({
      family: 'yolo-detect',
      labels,
      size: [160, 160],
      threshold: 0.5,
    })
    expect(() => refuseOtherHeads(args, { outputs })).toThrow(
      /MDL_PACKAGE.*obb, whose turned boxes are of no family here/,
    )
  })

  // transformers 5.24.0: what RTDetr(V2)ForObjectDetection, DetrForObjectDetection and YolosForObjectDetection give; RF-DETR 1.3
  const SIGMOID =
    /join.* to \[n, k, \d+\].*import as rtdetr.*: torch\.cat\(\[boxes, logits\.sigmoid\(\)\], -1\)/
  const SOFTMAX = /\[boxes, logits\.softmax\(-1\)\[\.\.\., :-1\]\].*, whose last one is no object/
  it.each<[string, ForeignFamily, number, ['logits' | 'boxes', number | string, number | string][], RegExp]>([
    [
      'six scores',
      'rtdetr',
      6,
      [
        ['logits', 300, 6],
        ['boxes', 300, 4],
      ],
      SIGMOID,
    ],
    [
      'three scores',
      'rtdetr',
      3,
      [
        ['logits', 300, 3],
        ['boxes', 300, 4],
      ],
      SIGMOID,
    ],
    [
      'any number of queries',
      'rtdetr',
      3,
      [
        ['logits', 'k', 3],
        ['boxes', 'k', 4],
      ],
      SIGMOID,
    ],
    [
      'boxes first',
      'yolo-rows',
      3,
      [
        ['boxes', 300, 4],
        ['logits', 300, 3],
      ],
      SIGMOID,
    ],
    [
      'six scores with no object',
      'yolo-rows',
      5,
      [
        ['logits', 100, 6],
        ['boxes', 100, 4],
      ],
      SOFTMAX,
    ],
    [
      'as many scores as numbers of a box',
      'rtdetr',
      3,
      [
        ['logits', 100, 4],
        ['boxes', 100, 4],
      ],
      SOFTMAX,
    ],
    [
      'seven queries',
      'yolo-detect',
      3,
      [
        ['logits', 7, 4],
        ['boxes', 7, 4],
      ],
      SOFTMAX,
    ],
    [
      'two scores',
      'rtdetr',
      2,
      [
        ['logits', 100, 2],
        ['boxes', 100, 4],
      ],
      /"classes": "scores".*sigmoid/,
    ],
    [
      'scores of other classes',
      'rtdetr',
      3,
      [
        ['logits', 100, 92],
        ['boxes', 100, 4],
      ],
      /give all labels.*join/,
    ],
  ])('is told where its boxes and its scores are apart: %s', (_, family, count, shapes, message) => {
    // prettier-ignore
    const outputs = shapes.map(([name, rows, width]) => ({ name, type: 'float32', shape: ['n', rows, width] }))
    const labels = Array.from({ length: count }, (__, n) => `class ${n}`)
    const args = importArgumentsSchema.parse({ family, labels, size: [160, 160], threshold: 0.5 })
    expect(() => refuseOtherHeads(args, { outputs })).toThrow(message)
    expect(() => refuseOtherHeads(args, { outputs })).toThrow(/^MDL_PACKAGE.*; found (logits|boxes) \[n/)
  })
})
