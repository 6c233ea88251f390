import { theme, type ThemeConfig } from 'antd'
import type { VerdictResult } from '../api/types.ts'

/** Colours of verdicts; each always stands beside an icon and a word, never alone. */
const VERDICT_COLOUR: Record<VerdictResult, string> = {
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
  components: {
    Table: { headerBg: '#161e29', cellPaddingBlockSM: 4, cellPaddingInlineSM: 8 },
    // WCAG 2.2, 1.4.3: 4.5 to 1 on panels and on what is raised above them, and of the words on a filled one.
    Button: { colorError: '#e5564e', dangerColor: COLOUR.ground },
  },
}

/**
 * One colour per class name, the same on every page, screen and day, as `#rrggbb`: the hue from a hash of the name
 * (multiply and add, then xor-shift and multiply), whose multiplier keeps common class names apart.
 */
export function classColour(name: string): string {
  let hash = 7
  for (let i = 0; i < name.length; i++) hash = (Math.imul(hash, 105) + name.charCodeAt(i)) >>> 0
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0
  const hue = ((hash ^ (hash >>> 12)) >>> 0) % 360
  // Blue and violet look darker than their lightness says.
  const light = hue > 215 && hue < 295 ? 0.76 : 0.64
  // HSL to RGB as in CSS Color 4, section 7, with 80 % saturation.
  const channel = (n: number): string => {
    const k = (n + hue / 30) % 12
    const value = light - 0.8 * Math.min(light, 1 - light) * Math.max(-1, Math.min(k - 3, 9 - k, 1))
    return Math.round(255 * value)
      .toString(16)
      .padStart(2, '0')
  }
  return `#${channel(0)}${channel(8)}${channel(4)}`
}
