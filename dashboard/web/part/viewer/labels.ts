import type { Finding } from '../../api/types.ts'

type Box = Finding['box']

/** Where the name of a finding is written, part px. */
export interface Label {
  text: string
  x: number
  y: number
  w: number
  h: number
}

export interface LabelRoom {
  /** Part px of one px of the screen. */
  px: number
  /** First and last row and last column of the pane, part px. */
  top: number
  bottom: number
  end: number
  hovered: string | null
  nameOf(finding: Finding): string
  /** Part px. */
  widthOf(text: string): number
}

const MOVES = Array.from({ length: 9 }, (_, n) => n)
/** Up or down by less, a label is still seen to belong to its box. */
const NEAR = 3
/** Areas of a label that make a box so large that a label on it hides little of it. */
const LARGE = 10

/**
 * Labels of findings, strongest first: above the box or below it, where they are in the pane and meet neither one another
 * nor the box of another finding, and left where the pane ends. Where nothing near is free they lie on a large box, else
 * farther off. One that finds no place even so is not drawn, but under the cursor: it would cover what is to be judged.
 */
export function placeLabels(
  findings: readonly Finding[],
  room: LabelRoom,
): { finding: Finding; label: Label | null }[] {
  const labels: Label[] = []
  return findings
    .toSorted((a, b) => b.score - a.score)
    .map((finding) => {
      const label = labelOf(finding, room)
      const [near, far] = placesOf(finding.box, label, room)
      const taken = labels.map((o): Box => [o.x, o.y, o.x + o.w, o.y + o.h]).filter(beside(label))
      const others = findings
        .filter((o) => o !== finding && !around(o.box, finding.box))
        .map((o) => o.box)
        .filter(beside(label))
      const small = others.filter((box) => areaOf(box) < LARGE * label.w * label.h)
      const free = (among: readonly Box[]) => (y: number) =>
        ![...taken, ...among].some(([, y1, , y2]) => y < y2 && y1 < y + label.h)
      const y = near.find(free(others)) ?? near.find(free(small)) ?? far.find(free(others))
      const placed = { ...label, y: y ?? near[0] ?? label.y }
      if (y !== undefined) labels.push(placed)
      return { finding, label: y !== undefined || room.hovered === finding.id ? placed : null }
    })
}

/** Rows where a label may begin, the best first: near the box, and farther off. */
function placesOf(
  [x1, y1, x2, y2]: Box,
  { y, w, h }: Label,
  { px, top, bottom }: LabelRoom,
): [near: number[], far: number[]] {
  const above = (n: number): number => y - 16 * n * px
  // Above a box that begins out of sight it goes out of sight with it.
  if (y1 < top || y1 > bottom) return [MOVES.map(above), []]
  const inSight = (row: number): boolean => row >= top && row + h <= bottom
  const below = (n: number): number => y2 + (3 + 16 * n) * px
  const within = (x2 - x1) * (y2 - y1) < LARGE * w * h ? [] : MOVES.map((n) => y1 + (3 + 16 * n) * px)
  const beside = (moves: readonly number[]): number[] => moves.flatMap((n) => [above(n), below(n)])
  return [
    beside(MOVES.slice(0, NEAR)).filter(inSight),
    [...within, ...beside(MOVES.slice(NEAR))].filter(inSight),
  ]
}

function labelOf(finding: Finding, { px, end, nameOf, widthOf }: LabelRoom): Label {
  const text = `${nameOf(finding)} ${finding.score.toFixed(2)}`
  const w = widthOf(text) + 8 * px
  // That of a box which is out of sight goes out of sight with it.
  const x = finding.box[0] < end ? Math.min(finding.box[0], end - w) : finding.box[0]
  return { text, x: x - 2 * px, y: finding.box[1] - 18 * px, w, h: 15 * px }
}

const areaOf = ([x1, y1, x2, y2]: Box): number => (x2 - x1) * (y2 - y1)

/** Whether a label meets a box where it is moved up or down. */
const beside =
  ({ x, w }: Label) =>
  ([x1, , x2]: Box): boolean =>
    x < x2 && x1 < x + w

/** Whether a box lies around another, whose label cannot but lie on it. */
const around = (o: Box, i: Box): boolean => o[0] <= i[0] && o[1] <= i[1] && o[2] >= i[2] && o[3] >= i[3]
