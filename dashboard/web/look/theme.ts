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
    // The compact algorithm takes it down to 14.
    fontSize: 16,
    fontFamily:
      'Inter, system-ui, -apple-system, "Segoe UI", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif',
    motion: false,
  },
  components: { Table: { headerBg: '#161e29', cellPaddingBlockSM: 4, cellPaddingInlineSM: 8 } },
}

const CLASS_PALETTE = [
  '#4cc9f0',
  '#ff8fab',
  '#f9c74f',
  '#b388ff',
  '#a3e048',
  '#ff9f45',
  '#43e0c0',
  '#ff6b6b',
  '#8fb8ff',
  '#e7a6ff',
  '#d4b483',
  '#5be37d',
]
const taken = new Map<string, number>()

/**
 * One colour per class name, the same on every page: by a hash of the name, moved on when another class of this
 * session has that colour already.
 */
export function classColour(name: string): string {
  let slot = taken.get(name)
  if (slot === undefined) {
    let hash = 7
    for (let i = 0; i < name.length; i++) hash = (hash * 31 + name.charCodeAt(i)) >>> 0
    slot = hash % CLASS_PALETTE.length
    const used = new Set(taken.values())
    for (let n = 0; used.has(slot) && n < CLASS_PALETTE.length; n++) slot = (slot + 1) % CLASS_PALETTE.length
    taken.set(name, slot)
  }
  return CLASS_PALETTE[slot] ?? COLOUR.fail
}
