import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { CodedError, parseStrict } from '../../contracts/index.ts'

const schema = z.record(z.string(), z.unknown())
const ENV: Record<string, string> = {
  DATA: '/mnt/a #1',
  URL: 'mqtt://h:1',
  ODD: `: [{"'}] &*!|>%@ - `,
  LINES: 'a\nb: c',
  PORT: '8080',
  ON: 'true',
  MARK: '${PORT}',
}
const read = (text: string) => parseStrict(text, schema, 'a.line.yaml', (name) => ENV[name])
const said = (text: string): string => {
  try {
    read(text)
  } catch (e) {
    if (e instanceof CodedError) return e.message
  }
  return 'nothing thrown'
}

describe('variables in a document', () => {
  it('stay one value, whatever stands in them', () => {
    for (const value of Object.values(ENV)) {
      const one = (text: string) => parseStrict(text, schema, 'f', () => value)
      expect(one('a: x${V}y').a).toBe(`x${value}y`)
      expect(one('a: "${V}"').a).toBe(value)
      expect(one("{ a: '${V}', b: 1 }").a).toBe(value)
      expect(one('{ a: x/${V}, b: [${V}/y, 1] }')).toEqual({ a: `x/${value}`, b: [`${value}/y`, 1] })
      expect(one('a: |\n  ${V}\n').a).toBe(`${value}\n`)
    }
    expect(read('path: ${DATA}\nurls: { one: ${URL}, two: ${ODD} }')).toEqual({
      path: ENV['DATA'],
      urls: { one: ENV['URL'], two: ENV['ODD'] },
    })
  })

  it('without quotes are what they look like, in quotes they are text', () => {
    expect(
      read('a: ${PORT}\nb: "${PORT}"\nc: ${ON}\nd: \'${ON}\'\ne: ${PORT}0\nf: ${PORT}/x\ng: !!str ${PORT}'),
    ).toEqual({ a: 8080, b: '8080', c: true, d: 'true', e: 80800, f: '8080/x', g: '8080' })
    expect(read('a: ${NO:-1.5}\nb: ${NO:-}\nc: "${NO:-}"\nd: ${NO:-a b}')).toEqual({
      a: 1.5,
      b: null,
      c: '',
      d: 'a b',
    })
  })

  it('mean nothing in comments, and nothing in other variables', () => {
    expect(read('# set ${NO} or ${no} or ${ first\na: 1 # ${NO}\nb: ${MARK}')).toEqual({ a: 1, b: '${PORT}' })
  })

  it('reach an alias and an anchor', () => {
    expect(read('a: &x ${PORT}\nb: *x')).toEqual({ a: 8080, b: 8080 })
  })

  it.each([
    [
      'one that is not set',
      'a: 1\nb:\n  - c: ${NO}',
      'line 3, b[0].c); expected the environment variable NO; found nothing',
    ],
    ['small letters', 'a: 1\nb: { c: ${my_data} }', 'line 2, b.c); expected `${NAME}` or `${NAME:-default}`'],
    [
      'a default in a default',
      'a: { b: ${A:-${B:-x}} }',
      'line 1, a.b); expected `${NAME}` or `${NAME:-default}`',
    ],
    ['another form', 'a: ${A:?no}', 'line 1, a); expected `${NAME}` or `${NAME:-default}`'],
    ['one without its end', 'a: 1\nb: ${PORT', 'found ${PORT'],
    ['a default that ends in a comment', 'a: ${NO:-x #y}', 'found ${NO:-x'],
    ['one without brackets', 'a: [1, $MY_DATA/x]', 'line 1, a[1]); expected `${MY_DATA}`; found $MY_DATA/x'],
    [
      'a default in quotes',
      'a: ${NO:-"x"}',
      'line 1, a); expected a default without quotes or blanks around it',
    ],
    ['a default behind a blank', 'a: ${NO:- 8080}', 'expected a default without quotes or blanks around it'],
    ['one in a key', 'a:\n  ${PORT}: 1', 'line 2, a.${PORT}); expected variables in values, not in keys'],
  ])('are refused as %s', (_name, text, says) => {
    expect(said(text)).toContain(says)
  })

  it('show as they were written in an error of syntax', () => {
    expect(said('a: ${NO:-b: c}')).toMatch(/^CFG_SYNTAX.*line 1/)
    expect(said('a: *${PORT}')).toContain('${PORT}')
  })

  it('leave what is no variable alone', () => {
    expect(read("a: '$SYS/reads'")).toEqual({ a: '$SYS/reads' })
    expect(read('a: $share/g/t\nb: pa$WORD\nc: 5 $\nd: "{x}"\ne: { f: 1 }')).toEqual({
      a: '$share/g/t',
      b: 'pa$WORD',
      c: '5 $',
      d: '{x}',
      e: { f: 1 },
    })
  })
})
