import { theme, type ThemeConfig } from 'antd'
import type { VerdictResult } from '../api/types.ts'

/** Colours of verdicts; each always stands beside an icon and a word, never alone. */
export const VERDICT_COLOUR: Record<VerdictResult, string> = {
  pass: '#34c77b',
  fail: '#ff5a52',
  inconclusive: '#f5a524',
}

export const COLOUR = {
  ground: '#0b0f14',
  panel: '#121821',
  line: '#232d3b',
  text: '#dbe3ee',
  muted: '#8c99ab',
  accent: '#4c9aff',
  ...VERDICT_COLOUR,
} as const

export const antTheme: ThemeConfig = {
  algorithm: [theme.darkAlgorithm, theme.compactAlgorithm],
  token: {
    colorPrimary: COLOUR.accent,
    colorBgBase: COLOUR.ground,
    colorBgContainer: COLOUR.panel,
    colorBgElevated: '#18202b',
    colorBorder: '#2d3948',
    colorBorderSecondary: COLOUR.line,
    colorText: COLOUR.text,
    colorTextSecondary: COLOUR.muted,
    colorSuccess: COLOUR.pass,
    colorError: COLOUR.fail,
    colorWarning: COLOUR.inconclusive,
    borderRadius: 5,
    fontSize: 13,
    fontFamily:
      'Inter, system-ui, -apple-system, "Segoe UI", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif',
    motion: false,
  },
  components: { Table: { headerBg: '#161e29', cellPaddingBlockSM: 4, cellPaddingInlineSM: 8 } },
}

const CLASS_PALETTE = ['#ff5a52', '#4cc9f0', '#f9c74f', '#b388ff', '#90be6d', '#ff8fab', '#43e0c0', '#ff9f45']

/** One colour per class name, the same on every page. */
export function classColour(name: string): string {
  let hash = 7
  for (let i = 0; i < name.length; i++) hash = (hash * 31 + name.charCodeAt(i)) >>> 0
  return CLASS_PALETTE[hash % CLASS_PALETTE.length] ?? COLOUR.fail
}
