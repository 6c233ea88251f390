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
  /** Last column of the pane, part px. */
  end: number
  hovered: string | null
  nameOf(finding: Finding): string
  /** Part px. */
  widthOf(text: string): number
}

const MAX_MOVES = 8

/**
 * Labels of findings, strongest first: moved up where they would meet one another or the box of another finding, and left
 * where the pane ends. One that finds no place is not drawn, but under the cursor: it would cover what is to be judged.
 * Where one zooms in there is more room.
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
      const others = findings.filter((o) => o !== finding && !around(o.box, finding.box))
      const free = (): boolean =>
        !labels.some((o) => over(label, [o.x, o.y, o.x + o.w, o.y + o.h])) &&
        !others.some((o) => over(label, o.box))
      for (let n = 0; n < MAX_MOVES && !free(); n++) label.y -= 16 * room.px
      const there = free()
      if (there) labels.push(label)
      return { finding, label: there || room.hovered === finding.id ? label : null }
    })
}

function labelOf(finding: Finding, { px, end, nameOf, widthOf }: LabelRoom): Label {
  const text = `${nameOf(finding)} ${finding.score.toFixed(2)}`
  const w = widthOf(text) + 8 * px
  // That of a box which is out of sight goes out of sight with it.
  const x = finding.box[0] < end ? Math.min(finding.box[0], end - w) : finding.box[0]
  return { text, x: x - 2 * px, y: finding.box[1] - 18 * px, w, h: 15 * px }
}

const over = (label: Label, [x1, y1, x2, y2]: Box): boolean =>
  label.x < x2 && x1 < label.x + label.w && label.y < y2 && y1 < label.y + label.h

/** Whether a box lies around another, whose label cannot but lie on it. */
const around = (o: Box, i: Box): boolean => o[0] <= i[0] && o[1] <= i[1] && o[2] >= i[2] && o[3] >= i[3]
