import { describe, expect, it } from 'vitest'
import { pageOf } from '../../dashboard/web/holds/hold-words.ts'
import {
  genealogyHeight,
  genealogyOption,
  genealogyTree,
  genealogyWidth,
} from '../../dashboard/web/charts/genealogy-option.ts'
import { controlChartOption } from '../../dashboard/web/charts/options.ts'

const item = (name: string, level: number, certain = true) => ({
  uri: `urn:sightline:${name.replace('/', ':')}`,
  name,
  depth: level + 1,
  certain,
  via: '',
  level,
})

describe('the graph of a genealogy', () => {
  const backward = genealogyTree('SN1', 'unit', [
    item('lot/A', 0),
    item('lot/B', 1),
    item('supplier/S', 2),
    item('lot/C', 1, false),
    item('fixture/F', 0),
  ])

  it('hangs each thing below what it was reached from, in the order of the list', () => {
    const names = (n: typeof backward): unknown => [n.name, ...n.children.map(names)]
    expect(names(backward)).toEqual(['SN1', ['lot/A', ['lot/B', ['supplier/S']], ['lot/C']], ['fixture/F']])
  })

  it('has room between the things that stand in one row, and none for a side without anything', () => {
    const none = genealogyTree('SN1', 'unit', [])
    const forward = genealogyTree(
      'SN1',
      'unit',
      ['box/1', 'pallet/2', 'shipment/3', 'order/4'].map((name, level) => item(name, level)),
    )
    const ends = (b: typeof none, f: typeof none) =>
      (genealogyOption(b, f) as { series: { left: unknown; right: unknown }[] }).series
    const [left, right] = ends(backward, forward)
    const width = genealogyWidth(backward, forward)
    const part = (Number.parseFloat(String(right?.left)) / 100) * width
    expect(Number.parseFloat(String(left?.right))).toBeCloseTo(100 - (100 * part) / width)
    // Three generations back, four on.
    expect((part - Number(left?.left)) / 3).toBeCloseTo((width - part - Number(right?.right)) / 4)
    expect((part - Number(left?.left)) / 3).toBeGreaterThan(100)
    expect(ends(backward, none)[0]?.right).toBeLessThan(100)
    expect(genealogyWidth(backward, none)).toBe(0)
  })

  it('draws what is probable dashed and nothing else', () => {
    const dashed: string[] = []
    const look = (n: typeof backward): void => {
      if (n.lineStyle?.type === 'dashed') dashed.push(n.name)
      n.children.forEach(look)
    }
    look(backward)
    expect(dashed).toEqual(['lot/C'])
  })

  it('grows with the names at its ends and names the part once', () => {
    const none = genealogyTree('SN1', 'unit', [])
    expect(genealogyHeight([backward, none])).toBe(genealogyHeight([none, none]))
    const wide = genealogyTree(
      'SN1',
      'unit',
      Array.from({ length: 10 }, (_, i) => item(`box/${i}`, 0)),
    )
    expect(genealogyHeight([backward, wide])).toBeGreaterThan(genealogyHeight([backward, none]))
    const series = (b: typeof none, f: typeof none) =>
      (genealogyOption(b, f) as { series: { orient: string; data: { name: string }[] }[] }).series.map(
        (s) => `${s.orient} ${s.data[0]?.name}`,
      )
    expect(series(backward, wide)).toEqual(['RL SN1', 'LR '])
    expect(series(none, wide)).toEqual(['LR SN1'])
    expect(series(backward, none)).toEqual(['RL SN1'])
  })

  it('leads to the pages of parts and lots, and nowhere else', () => {
    expect(pageOf('https://id.gs1.org/01/09506000134352/21/SN%2F1')).toBe(
      '/parts?serial=https%3A%2F%2Fid.gs1.org%2F01%2F09506000134352%2F21%2FSN%252F1',
    )
    expect(pageOf('urn:sightline:lot:foil:A 1')).toBe('/lot?name=A%201')
    expect(pageOf('urn:sightline:lot::..')).toBe('/lot?name=..')
    expect(pageOf('urn:sightline:supplier:acme')).toBeNull()
    expect(pageOf('')).toBeNull()
  })

  it('says the whole name as text, whatever characters it has', () => {
    const { tooltip } = genealogyOption(backward, backward) as { tooltip: { formatter(at: unknown): string } }
    expect(tooltip.formatter({ data: { uri: '<b>&"' } })).toBe('&#60;b&#62;&#38;&#34;')
  })
})

it('a control chart tells a small share from none', () => {
  const words = { value: '', ucl: '', lcl: '', centre: '', share: '', subgroup: '' }
  const said = (share: number): unknown => {
    const option = controlChartOption(share, [], words, 'ratio') as unknown as {
      series: { markLine: { label: { formatter: string } } }[]
    }
    return option.series[0]?.markLine.label.formatter.trim()
  }
  expect([0, 0.00002, 0.00123456, 0.123456, 1].map(said)).toEqual([
    '0 %',
    '0.002 %',
    '0.123 %',
    '12.35 %',
    '100 %',
  ])
})
