import type { Finding, InterlockSpec, Verdict } from '../../contracts/index.ts'

export interface Alarm {
  id: 'consecutive' | 'rate' | 'same-place'
  message: { zh: string; en: string }
}

interface Judged {
  bad: boolean
  defects: Finding[]
}

/**
 * Line-stop interlocks of one station: bad parts in a row, share of bad parts in a window, the same defect at the
 * same place. A no-verdict counts as bad: parts that cannot be judged stop a line too.
 */
export class Interlock {
  readonly #spec: InterlockSpec
  readonly #recent: Judged[] = []
  readonly #keep: number
  #inRow = 0

  constructor(spec: InterlockSpec) {
    this.#spec = spec
    this.#keep = Math.max(spec.rate?.window ?? 0, spec.samePlace?.window ?? 0, 1)
  }

  /** Takes the next verdict and returns the alarms that hold now. */
  next(verdict: Verdict): Alarm[] {
    const bad = verdict.result !== 'pass'
    const condemned = new Set(verdict.defects)
    this.#recent.push({ bad, defects: verdict.findings.filter((f) => condemned.has(f.id)) })
    if (this.#recent.length > this.#keep) this.#recent.shift()
    this.#inRow = bad ? this.#inRow + 1 : 0
    return [...this.#consecutive(), ...this.#rate(), ...this.#samePlace()]
  }

  #consecutive(): Alarm[] {
    const limit = this.#spec.consecutive
    if (limit === undefined || this.#inRow < limit) return []
    const n = this.#inRow
    return [
      {
        id: 'consecutive',
        message: {
          en: `${n} parts in a row not passed (limit ${limit})`,
          zh: `连续 ${n} 件未通过(限值 ${limit})`,
        },
      },
    ]
  }

  #rate(): Alarm[] {
    const spec = this.#spec.rate
    if (!spec || this.#recent.length < spec.window) return []
    const window = this.#recent.slice(-spec.window)
    const bad = window.filter((j) => j.bad).length
    if (bad / spec.window <= spec.share) return []
    return [
      {
        id: 'rate',
        message: {
          en: `${bad} of the last ${spec.window} parts not passed`,
          zh: `最近 ${spec.window} 件中 ${bad} 件未通过`,
        },
      },
    ]
  }

  /** Only the newest part's defects can complete a repeat, so only they are compared with the window. */
  #samePlace(): Alarm[] {
    const spec = this.#spec.samePlace
    if (!spec) return []
    const window = this.#recent.slice(-spec.window)
    const newest = window.at(-1)
    for (const defect of newest?.defects ?? []) {
      const hits = window.filter((j) =>
        j.defects.some((d) => d.class === defect.class && distance(d, defect) <= spec.radiusPx),
      ).length
      if (hits >= spec.count) {
        const [x, y] = centre(defect).map(Math.round)
        return [
          {
            id: 'same-place',
            message: {
              en: `"${defect.class}" at (${x}, ${y}) on ${hits} of the last ${window.length} parts`,
              zh: `最近 ${window.length} 件中 ${hits} 件在 (${x}, ${y}) 出现“${defect.class}”`,
            },
          },
        ]
      }
    }
    return []
  }
}

const centre = (f: Finding): [number, number] => [(f.box[0] + f.box[2]) / 2, (f.box[1] + f.box[3]) / 2]

function distance(a: Finding, b: Finding): number {
  const [ax, ay] = centre(a)
  const [bx, by] = centre(b)
  return Math.hypot(ax - bx, ay - by)
}
