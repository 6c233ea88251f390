import { describe, expect, it, vi } from 'vitest'
import { CodedError, printable } from '../../contracts/index.ts'
import { printTable } from '../../bin/terminal/table.ts'

/** RIGHT-TO-LEFT OVERRIDE (Unicode 16, UAX 9): shows what follows it from right to left. */
const RLO = '\u202e'

describe('a name that would turn what stands behind it round', () => {
  it('is spelled out in errors', () => {
    expect(printable(`a${RLO}b\u2066c\u061cd\u200fe`)).toBe('a\\u202eb\\u2066c\\u061cd\\u200fe')
    expect(new CodedError('API_REQUEST', { actual: `lot${RLO}` }).message).toMatch(/found lot\\u202e$/)
  })

  it('is spelled out in tables on the terminal, as is what would steer it', () => {
    const written: string[] = []
    const out = vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0)
    try {
      printTable(
        ['lot', 'state'],
        [
          [`L1${RLO}`, 'held'],
          ['L2\u001b[2J\u009b', 'a\nb\tc'],
        ],
      )
    } finally {
      out.mockRestore()
    }
    expect(written).toEqual([
      `${'lot'.padEnd(17)}  state\n`,
      `${'L1\\u202e'.padEnd(17)}  held\n`,
      'L2\\u001b[2J\\u009b  a\\u000ab\\u0009c\n',
    ])
  })
})
