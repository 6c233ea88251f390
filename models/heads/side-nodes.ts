import type { GraphPart } from '../teach/feature-nodes.ts'
import { SIDES } from './box-gradient.ts'
import type { Level } from './box-taps.ts'
import type { Scale } from './cross-fit.ts'
import { type GraphWriter, graphWriter } from './graph-writer.ts'
import type { SegmentSize } from './patch-describer.ts'
import { type ProposalNodes, proposalNodes } from './proposal-nodes.ts'
import { standardising } from './segment-model.ts'
import { FARTHEST } from './side-gradient.ts'
import { firstLogits, HIDDEN_SIDES, INSIDE, MAP, type SideHead, TAPS } from './side-network.ts'
import { PLACES, placeShares } from './side-profiles.ts'
import type { LinearHead } from './softmax-regression.ts'

const OWN = 'sightline_sides_'

interface SideFacts {
  coarse: Level
  fine: Level | null
  scales: { coarse: Scale; fine: Scale }
  size: SegmentSize
  classes: number
}

/**
 * The best boxes of an image with their sides moved. What several networks say is averaged: logits of the places and of
 * the quality. The score is the geometric mean of the head's and the quality.
 *
 * @param from names: boxes [patches][4], px; scores [patches][classes]; top [patches][1], the highest of them
 * @returns the nodes, and the names of boxes [k][4], scores [k][1] and labels [k]
 */
export function sideNodes(
  heads: readonly SideHead[],
  from: { boxes: string; scores: string; top: string },
  facts: SideFacts,
): GraphPart & { boxes: string; scores: string; labels: string } {
  const writer = graphWriter(OWN)
  const { op, floats, whole } = writer
  const proposals = proposalNodes(writer, { ...from, classes: facts.classes }, facts.size)
  const sure = op(
    'Clip',
    [proposals.scores, floats('rare', [], [1e-6]), floats('sure', [], [1 - 1e-6])],
    'clipped',
  )
  const odds = op(
    'Log',
    [op('Div', [sure, op('Sub', [floats('certain', [], [1]), sure], 'against')], 'odds')],
    'logits',
  )
  const kinds = op(
    'OneHot',
    [proposals.labels, whole('classes', facts.classes), floats('hot', [2], [0, 1])],
    'kinds',
  )
  const said = heads.map((head, i) => {
    const part = graphWriter(`${OWN}${i}_`)
    const out = networkNodes(part, head, proposals, { kinds, odds }, facts)
    writer.nodes.push(...part.nodes)
    writer.initializers.push(...part.initializers)
    return out
  })
  const places = op(
    'Mean',
    said.map((s) => s.places),
    'said_places',
  )
  const quality = op(
    'Mean',
    said.map((s) => s.quality),
    'said_quality',
  )
  const chances = op(
    'Softmax',
    [op('Add', [places, floats('still', [1, 1, PLACES], firstLogits)], 'moved_logits')],
    'chances',
    { axis: { int: -1 } },
  )
  const inwards = op('MatMul', [chances, floats('shares', [PLACES, 1], placeShares)], 'inwards')
  const bounded = op(
    'Clip',
    [
      op('Reshape', [inwards, whole('by_side', [SIDES, -1])], 'sides'),
      floats('outwards', [], [-FARTHEST]),
      floats('middle', [], [FARTHEST]),
    ],
    'bounded',
  )
  const by = op(
    'Mul',
    [op('Transpose', [bounded], 'by_box', { perm: { ints: [1, 0] } }), proposals.ways],
    'by',
  )
  const moved = op('Add', [proposals.boxes, by], 'moved')
  const { widthPx, heightPx } = facts.size
  const inside = op(
    'Min',
    [
      op('Max', [moved, floats('origin', [], [0])], 'from_origin'),
      floats('size', [1, SIDES], [widthPx, heightPx, widthPx, heightPx]),
    ],
    'boxes',
  )
  const both = op('Mul', [proposals.scores, op('Sigmoid', [quality], 'overlap')], 'both')
  // What is not a number is never among the best, and would be lost: every score says it.
  const numbers = op(
    'Add',
    [op('ReduceSum', [from.scores], 'all_scores'), op('ReduceSum', [from.boxes], 'all_boxes')],
    'numbers',
  )
  const spoilt = op('Mul', [numbers, floats('nothing', [], [0])], 'spoilt')
  const { nodes, initializers } = writer
  return {
    nodes,
    initializers,
    boxes: inside,
    scores: op('Add', [op('Sqrt', [both], 'scores_moved'), spoilt], 'scores_said'),
    labels: proposals.labels,
  }
}

/** One network: logits of the places [1][1][SIDES × k][PLACES], before `firstLogits`, and of the quality [k][1]. */
function networkNodes(
  writer: GraphWriter,
  head: SideHead,
  { labels, along, back, across }: ProposalNodes,
  { kinds, odds }: { kinds: string; odds: string },
  { coarse, fine, scales, size, classes }: SideFacts,
): { places: string; quality: string } {
  const { op, floats, whole } = writer
  const { width, height } = size.grid
  const onMap = (input: string, layer: LinearHead, name: string, { mean, deviation }: Scale): string => {
    const { weights, bias } = standardising(layer, mean, deviation)
    const kernel = turned({ ...layer, weights })
    return op(
      'Conv',
      [
        input,
        floats(`${name}_kernel`, [layer.classes, layer.features, 1, 1], kernel),
        floats(`${name}_bias`, [layer.classes], bias),
      ],
      name,
    )
  }
  const alongProfile = (input: string, layer: LinearHead, name: string): string => {
    const channels = layer.features / TAPS
    return op(
      'Conv',
      [
        input,
        floats(`${name}_kernel`, [layer.classes, channels, 1, TAPS], channelsFirst(layer, channels)),
        floats(`${name}_bias`, [layer.classes], layer.bias),
      ],
      name,
      { kernel_shape: { ints: [1, TAPS] }, pads: { ints: [0, (TAPS - 1) / 2, 0, (TAPS - 1) / 2] } },
    )
  }
  const dense = (input: string, layer: LinearHead, name: string): string =>
    op(
      'Gemm',
      [
        input,
        floats(`${name}_weights`, [layer.features, layer.classes], layer.weights),
        floats(`${name}_bias`, [layer.classes], layer.bias),
      ],
      name,
    )

  let map = onMap(coarse.output, head.coarse, 'coarse', scales.coarse)
  if (coarse.stridePx > size.stridePx) {
    const k = coarse.stridePx / size.stridePx
    map = op('Resize', [map, '', floats('enlarge', [4], [1, 1, k, k])], 'spread', {
      mode: { string: 'linear' },
      coordinate_transformation_mode: { string: 'half_pixel' },
    })
  }
  if (fine && head.fine) map = op('Add', [map, onMap(fine.output, head.fine, 'fine', scales.fine)], 'joined')
  map = op('Relu', [map], 'map')
  /** From the near side and from the far one, [k][PLACES][MAP] each. */
  const profilesAlong = (axis: 'x' | 'y'): string[] => {
    const [perm, breadth, length] =
      axis === 'x' ? ([[0, 2, 3, 1], height, width] as const) : ([[0, 3, 2, 1], width, height] as const)
    const lines = op(
      'Reshape',
      [
        op('Transpose', [map], `lines_${axis}`, { perm: { ints: [...perm] } }),
        whole(`flat_${axis}`, [breadth, length * MAP]),
      ],
      `rows_${axis}`,
    )
    const mean = op('MatMul', [across[axis], lines], `mean_${axis}`)
    const cells = op('Reshape', [mean, whole(`cells_${axis}`, [-1, length, MAP])], `strip_${axis}`)
    return [
      op('MatMul', [along[axis], cells], `profile_${axis}`),
      op('MatMul', [back[axis], cells], `back_${axis}`),
    ]
  }
  const [x = '', xBack = ''] = profilesAlong('x')
  const [y = '', yBack = ''] = profilesAlong('y')
  const rows = op('Concat', [x, y, xBack, yBack], 'profile_rows', { axis: { int: 0 } })
  // One image of a row per profile: many small convolutions would be several times slower.
  const profiles = op(
    'Unsqueeze',
    [op('Transpose', [rows], 'profile_map', { perm: { ints: [2, 0, 1] } }), whole('image', [0])],
    'profiles',
  )
  const kindRow = (row: number): ArrayLike<number> =>
    head.kind.weights.subarray(row * HIDDEN_SIDES, (row + 1) * HIDDEN_SIDES)
  const kind = op(
    'Gather',
    [
      floats('kind_weights', [classes, HIDDEN_SIDES], head.kind.weights.subarray(0, classes * HIDDEN_SIDES)),
      labels,
    ],
    'kind',
  )
  const kindX = op('Add', [kind, floats('axis_x', [1, HIDDEN_SIDES], kindRow(classes))], 'kind_x')
  const kindY = op('Add', [kind, floats('axis_y', [1, HIDDEN_SIDES], kindRow(classes + 1))], 'kind_y')
  const kindRows = op('Concat', [kindX, kindY, kindX, kindY], 'kind_rows', { axis: { int: 0 } })
  const allKinds = op(
    'Unsqueeze',
    [op('Transpose', [kindRows], 'kind_map', { perm: { ints: [1, 0] } }), whole('last', [2])],
    'kinds',
  )
  const first = op(
    'Relu',
    [op('Add', [alongProfile(profiles, head.first, 'first'), allKinds], 'first_kinds')],
    'first_kept',
  )
  const second = op(
    'Add',
    [first, op('Relu', [alongProfile(first, head.second, 'second')], 'second_kept')],
    'both',
  )
  const bySide = op('Reshape', [second, whole('by_side', [HIDDEN_SIDES, SIDES, -1, PLACES])], 'sides')
  const mean = op('ReduceMean', [bySide], 'side_mean', { axes: { ints: [1] }, keepdims: { int: 0 } })
  const [from, to] = INSIDE
  const middle = op(
    'Slice',
    [mean, whole('from', [from]), whole('to', [to]), whole('places_axis', [2])],
    'middle',
  )
  /** [HIDDEN_SIDES][k][places] → [k][HIDDEN_SIDES] */
  const overPlaces = (input: string, name: string): string =>
    op(
      'Transpose',
      [op('ReduceMean', [input], `${name}_map`, { axes: { ints: [2] }, keepdims: { int: 0 } })],
      name,
      { perm: { ints: [1, 0] } },
    )
  const means = op(
    'Concat',
    [overPlaces(middle, 'middle_mean'), overPlaces(mean, 'whole_mean'), kinds, odds],
    'means',
    { axis: { int: 1 } },
  )
  const kept = op('Relu', [dense(means, head.means, 'means_out')], 'means_kept')
  return {
    places: alongProfile(second, head.places, 'places'),
    quality: dense(kept, head.quality, 'quality'),
  }
}

/** [features][classes] → [classes][features] */
function turned({ features, classes, weights }: LinearHead): Float32Array {
  return Float32Array.from(
    { length: features * classes },
    (_, i) => weights[(i % features) * classes + Math.floor(i / features)] ?? 0,
  )
}

/** [TAPS][channels][out] → [out][channels][TAPS] */
function channelsFirst({ classes, weights }: LinearHead, channels: number): Float32Array {
  return Float32Array.from({ length: weights.length }, (_, i) => {
    const tap = i % TAPS
    const channel = Math.floor(i / TAPS) % channels
    const out = Math.floor(i / TAPS / channels)
    return weights[(tap * channels + channel) * classes + out] ?? 0
  })
}
