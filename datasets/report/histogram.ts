import { extent } from '../metrics/index.ts'
import { COLOURS } from './charts.ts'
import { axisText, esc } from './html.ts'

const W = 520
const H = 300
const PAD = { left: 46, right: 14, top: 16, bottom: 36 }
const BINS = 40

/** Bars of good and bad scores over one axis, with the threshold as a line; inline SVG. */
export function scoreHistogram(
  good: readonly number[],
  bad: readonly number[],
  threshold: number | null,
  labels: { x: string; y: string },
): string {
  const all = [...good, ...bad, ...(threshold === null ? [] : [threshold])]
  const [from, to] = extent(all)
  const width = to > from ? to - from : 1
  const bins = (values: readonly number[]): number[] => {
    const out = Array.from({ length: BINS }, () => 0)
    for (const v of values) {
      const n = Math.min(BINS - 1, Math.floor(((v - from) / width) * BINS))
      out[n] = (out[n] ?? 0) + 1
    }
    return out
  }
  const [g, b] = [bins(good), bins(bad)]
  const top = Math.max(1, ...g, ...b)
  const sx = (n: number): number => PAD.left + (n / BINS) * (W - PAD.left - PAD.right)
  const sy = (v: number): number => H - PAD.bottom - (v / top) * (H - PAD.top - PAD.bottom)
  const bars = (counts: number[], colour: string, name: string): string =>
    counts
      .map((v, n) =>
        v === 0
          ? ''
          : `<rect x="${sx(n).toFixed(1)}" y="${sy(v).toFixed(1)}" width="${(sx(1) - sx(0) - 0.6).toFixed(1)}" height="${(H - PAD.bottom - sy(v)).toFixed(1)}" fill="${colour}" fill-opacity="0.55"><title>${esc(name)}: ${v}</title></rect>`,
      )
      .join('')
  const ticks = Array.from({ length: 5 }, (_, k) => {
    const v = from + (width * k) / 4
    return `<text x="${sx((BINS * k) / 4)}" y="${H - PAD.bottom + 16}" text-anchor="${k === 0 ? 'start' : k === 4 ? 'end' : 'middle'}">${Number(v.toPrecision(4))}</text>`
  }).join('')
  const counts = [0, 0.5, 1]
    .map((k) => Math.round(top * k))
    .map(
      (v) =>
        `<path d="M${PAD.left} ${sy(v)}H${W - PAD.right}" stroke="#e6ebf0"/><text x="${PAD.left - 6}" y="${sy(v) + 4}" text-anchor="end">${v}</text>`,
    )
    .join('')
  const at = threshold === null ? 0 : sx(((threshold - from) / width) * BINS)
  const line =
    threshold === null
      ? ''
      : `<path d="M${at.toFixed(1)} ${PAD.top - 6}V${H - PAD.bottom}" stroke="#16202c" stroke-dasharray="5 4" stroke-width="1.5"/><text x="${at + (at > W * 0.7 ? -6 : 6)}" y="${PAD.top + 4}" text-anchor="${at > W * 0.7 ? 'end' : 'start'}" style="fill:#16202c">${Number(threshold.toPrecision(4))}</text>`
  return (
    `<svg viewBox="0 0 ${W} ${H}" width="100%" role="img">${counts}${bars(g, COLOURS[2] ?? '', 'good')}${bars(b, COLOURS[1] ?? '', 'bad')}${line}${ticks}` +
    `<text x="${(W + PAD.left) / 2}" y="${H - 4}" text-anchor="middle">${axisText(labels.x)}</text>` +
    `<text x="12" y="${(H - PAD.bottom) / 2}" text-anchor="middle" transform="rotate(-90 12 ${(H - PAD.bottom) / 2})">${axisText(labels.y)}</text></svg>`
  )
}
