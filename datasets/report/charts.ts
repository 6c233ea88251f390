import { extent, type PrecisionRecall } from '../metrics/index.ts'
import { axisText, esc } from './html.ts'

/** Distinct also for the colour-blind (Okabe and Ito 2008), then repeated. */
export const COLOURS = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#e69f00',
  '#56b4e9',
  '#7a5195',
  '#444444',
]

const colour = (n: number): string => COLOURS[n % COLOURS.length] ?? '#444444'

interface Series {
  name: string
  points: readonly (readonly [number, number])[]
}

interface Marker {
  x: number
  y: number
  label: string
}

interface Axis {
  label: string
  from: number
  to: number
}

const W = 520
const H = 300
const PAD = { left: 46, right: 14, top: 12, bottom: 36 }

/** Line chart as inline SVG; points outside the axes are cut off. */
export function lineChart(
  series: readonly Series[],
  x: Axis,
  y: Axis,
  markers: readonly Marker[] = [],
): string {
  const sx = (v: number): number => PAD.left + ((v - x.from) / (x.to - x.from)) * (W - PAD.left - PAD.right)
  const sy = (v: number): number =>
    H - PAD.bottom - ((v - y.from) / (y.to - y.from)) * (H - PAD.top - PAD.bottom)
  const grid = Array.from({ length: 6 }, (_, n) => {
    const gx = x.from + ((x.to - x.from) * n) / 5
    const gy = y.from + ((y.to - y.from) * n) / 5
    return (
      `<path d="M${sx(gx)} ${PAD.top}V${H - PAD.bottom}M${PAD.left} ${sy(gy)}H${W - PAD.right}" stroke="#e6ebf0" fill="none"/>` +
      `<text x="${sx(gx)}" y="${H - PAD.bottom + 16}" text-anchor="middle">${tick(gx)}</text>` +
      `<text x="${PAD.left - 6}" y="${sy(gy) + 4}" text-anchor="end">${tick(gy)}</text>`
    )
  }).join('')
  const lines = series
    .map((s, n) => {
      const path = s.points
        .map(([px, py], k) => `${k === 0 ? 'M' : 'L'}${sx(px).toFixed(1)} ${sy(py).toFixed(1)}`)
        .join('')
      return `<path d="${path}" fill="none" stroke="${colour(n)}" stroke-width="1.8"><title>${esc(s.name)}</title></path>`
    })
    .join('')
  const marks = markers
    .map((m) => {
      const left = sx(m.x) > W * 0.6
      return (
        `<circle cx="${sx(m.x)}" cy="${sy(m.y)}" r="4" fill="#16202c"/>` +
        `<text x="${sx(m.x) + (left ? -8 : 8)}" y="${sy(m.y) + 16}" text-anchor="${left ? 'end' : 'start'}" style="fill:#16202c">${esc(m.label)}</text>`
      )
    })
    .join('')
  const clipId = `c${Math.abs(hash(JSON.stringify([series.map((s) => s.name), x, y])))}`
  return (
    `<svg viewBox="0 0 ${W} ${H}" width="100%" role="img">${grid}` +
    `<clipPath id="${clipId}"><rect x="${PAD.left}" y="${PAD.top - 2}" width="${W - PAD.left - PAD.right + 2}" height="${H - PAD.top - PAD.bottom + 4}"/></clipPath>` +
    `<g clip-path="url(#${clipId})">${lines}</g>${marks}` +
    `<text x="${(W + PAD.left) / 2}" y="${H - 4}" text-anchor="middle">${axisText(x.label)}</text>` +
    `<text x="12" y="${(H - PAD.bottom) / 2}" text-anchor="middle" transform="rotate(-90 12 ${(H - PAD.bottom) / 2})">${axisText(y.label)}</text></svg>`
  )
}

const tick = (v: number): string => String(Math.round(v * 1000) / 1000)

function hash(text: string): number {
  let h = 0
  for (let i = 0; i < text.length; i++) h = (Math.imul(h, 31) + text.charCodeAt(i)) | 0
  return h
}

/** Where an axis may start so that nothing of interest is lost: 0, 0.5, 0.8, 0.9 or 0.95. */
export function axisStart(values: readonly number[]): number {
  const least = Math.min(1, extent(values)[0])
  return [0.95, 0.9, 0.8, 0.5].find((v) => least >= v) ?? 0
}

/** Precision envelope over recall, from recall 0. */
export function envelope(curve: PrecisionRecall['curve']): [number, number][] {
  const out: [number, number][] = []
  let best = 0
  for (const p of curve.toReversed()) {
    best = Math.max(best, p.precision)
    out.push([p.recall, best])
  }
  out.reverse()
  return out.length > 0 ? [[0, out[0]?.[1] ?? 0], ...out] : []
}

/** @param names ready-made HTML */
export const legend = (names: readonly string[]): string =>
  `<div class="legend">${names.map((n, i) => `<span><i style="background:${colour(i)}"></i>${n}</span>`).join('')}</div>`
