import { mostProposals, PROPOSAL_IOU } from './box-proposals.ts'
import type { GraphWriter } from './graph-writer.ts'
import type { SegmentSize } from './patch-describer.ts'
import { acrossShares, PLACES, placeShares } from './side-profiles.ts'

/** Names of what the best boxes of an image give; k of them, at least one. */
export interface ProposalNodes {
  /** [k][4], px */
  boxes: string
  /** [k], int64 */
  labels: string
  /** [k][1] */
  scores: string
  /** [k][SIDES]: length of the box along the way inwards from each side, px, negative from right and bottom. */
  ways: string
  /** As `profileWeights`: [k][PLACES][columns], [k][PLACES][rows] */
  along: { x: string; y: string }
  /** The same from the far side. */
  back: { x: string; y: string }
  /** [k][rows], [k][columns] */
  across: { x: string; y: string }
}

/**
 * `bestBoxes` and `profileWeights` as nodes. A patch stands for its best class only: it counts 0 for the others, which
 * are chosen where there is nothing better, so that no graph runs on nothing.
 *
 * @param boxes  [patches][4], px
 * @param scores [patches][classes]
 * @param top    [patches][1], the highest of them
 */
export function proposalNodes(
  { op, several, floats, whole }: GraphWriter,
  from: { boxes: string; scores: string; top: string; classes: number },
  { grid, stridePx }: SegmentSize,
): ProposalNodes {
  const none = floats('none', [], [0])
  const one = floats('one', [], [1])
  const half = floats('half', [], [0.5])
  const first = whole('axis0', [0])
  const second = whole('axis1', [1])
  const third = whole('axis2', [2])
  const best = op('Equal', [from.scores, from.top], 'best')
  const own = op('Where', [best, from.scores, none], 'own')
  const byClass = op('Transpose', [own], 'by_class', { perm: { ints: [1, 0] } })
  const candidates = op('Unsqueeze', [byClass, first], 'candidates')
  const all = op('Unsqueeze', [from.boxes, first], 'all')
  const most = whole('most', [mostProposals(grid.width * grid.height)])
  const kept = op(
    'NonMaxSuppression',
    [all, candidates, most, floats('most_iou', [1], [PROPOSAL_IOU])],
    'kept',
  )
  const values = op('GatherND', [candidates, kept], 'values')
  const count = op('Min', [op('Shape', [values], 'kept_count'), most], 'count')
  const [highest = '', order = ''] = several('TopK', [values, count], ['best_values', 'order'])
  const chosen = op('Gather', [kept, order], 'chosen')
  const labels = op('Gather', [chosen, whole('class', 1)], 'labels', { axis: { int: 1 } })
  const patches = op('Gather', [chosen, whole('patch', 2)], 'patches', { axis: { int: 1 } })
  const boxes = op('Gather', [from.boxes, patches], 'proposals')
  const [x1 = '', y1 = '', x2 = '', y2 = ''] = several('Split', [boxes], ['x1', 'y1', 'x2', 'y2'], {
    axis: { int: 1 },
  })
  const width = op('Sub', [x2, x1], 'width')
  const height = op('Sub', [y2, y1], 'height')
  const stride = floats('stride', [], [stridePx])
  const shares = {
    along: floats('along_shares', [1, PLACES], placeShares),
    back: floats('back_shares', [1, PLACES], placeShares.toReversed()),
    across: floats('across_shares', [1, acrossShares.length], acrossShares),
  }
  /** [k][points][cells] */
  const points = (axis: 'x' | 'y', way: 'along' | 'back' | 'across'): string => {
    const name = `${way}_${axis}`
    const [start, length, cells] =
      axis === 'x' ? ([x1, width, grid.width] as const) : ([y1, height, grid.height] as const)
    const px = op('Add', [start, op('Mul', [length, shares[way]], `${name}_in`)], `${name}_px`)
    const at = op('Sub', [op('Div', [px, stride], `${name}_cells`), half], `${name}_at`)
    const far = op(
      'Sub',
      [
        op('Unsqueeze', [at, third], `${name}_points`),
        floats(
          `${name}_middles`,
          [1, 1, cells],
          Array.from({ length: cells }, (_, i) => i),
        ),
      ],
      `${name}_way`,
    )
    return op('Relu', [op('Sub', [one, op('Abs', [far], `${name}_far`)], `${name}_near`)], name)
  }
  const mean = (axis: 'x' | 'y'): string =>
    op('ReduceMean', [points(axis, 'across')], `across_${axis}_mean`, {
      axes: { ints: [1] },
      keepdims: { int: 0 },
    })
  return {
    boxes,
    labels,
    scores: op('Unsqueeze', [highest, second], 'scores'),
    ways: op(
      'Concat',
      [width, height, op('Neg', [width], 'leftwards'), op('Neg', [height], 'upwards')],
      'ways',
      {
        axis: { int: 1 },
      },
    ),
    along: { x: points('x', 'along'), y: points('y', 'along') },
    back: { x: points('x', 'back'), y: points('y', 'back') },
    across: { x: mean('y'), y: mean('x') },
  }
}
