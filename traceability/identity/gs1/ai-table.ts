/** One component of an AI's data field: `N6,yymmdd`, `X..20`, `[X..17]`. */
export interface Gs1Component {
  /** N numeric, X charset 82, Y charset 39, Z base64url. */
  type: 'N' | 'X' | 'Y' | 'Z'
  min: number
  max: number
  optional: boolean
  /** Names of the content checks of checks.ts. */
  checks: string[]
}

export interface Gs1Rule {
  ai: string
  /** Of pre-defined length: needs no FNC1 behind it. */
  predefined: boolean
  /** May stand in the query of a GS1 Digital Link URI. */
  attribute: boolean
  components: Gs1Component[]
  /** Stands only with one of these sets of AIs (`n` = any digit); empty = alone too. */
  needs: string[][]
  /** Never stands with these AIs (`n` = any digit, the AI itself excepted). */
  excludes: string[]
  /** May begin a GS1 Digital Link path, followed by one of these sequences, each member optional; null = may not. */
  qualifiers: string[][] | null
}

/**
 * The application identifiers of the GS1 General Specifications, section 3, with the pairings of section 4.14 and the
 * paths of GS1 Digital Link URI Syntax; AIs that follow one rule share a line. Columns: AIs (`a-b` = range, `#` = with
 * a fourth digit 0 to 5, the decimals), flags (`*` pre-defined length, `?` allowed in the query of a Digital Link),
 * components and their checks, then `<` needs, `!` excludes (`~` = the same measure with other decimals), `/` path.
 * Format, check names and pairings agree with GS1's Barcode Syntax Dictionary, release of 2025.
 */
const TABLE = `
00 *? N18,csum,gcppos2 /
01 *? N14,csum,gcppos2 !255,37 /22,10,21|235
02 *? N14,csum,gcppos2 <37 !01,03
03 * N14,csum,gcppos2 !01,02,37,235
10 ? X..20 <01,02,03,8006,8026
11,13,15-16 *? N6,yymmd0 <01,02,03,8006,8026
12 *? N6,yymmd0 <8020
17 *? N6,yymmd0 <01,02,03,255,8006,8026
20 *? N2 <01,02,03,8006,8026
21 - X..20 <01,03,8006 !235
22 - X..20 <01
235 - X..28 <01
240-241 ? X..30 <01,02,03,8006,8026
242 ? N..6 <01,02,8006,8026
243 ? X..20 <01,03
250 ? X..30 <01+21,03+21,8006+21
251 ? X..30 <01,03,8006
253 ? N13,csum,gcppos1 [X..17] /
254 - X..20 <414
255 ? N13,csum,gcppos1 [N..12] !01,02,415,8006,8020,8026 /
30 ? N..8 <01,02
310-316#,320-329#,350-352#,356-357#,360-361#,364-366# *? N6 <01,02 !~
330-336#,340-349#,353-355#,362-363#,367-369# *? N6 <00,01 !~
337# *? N6 <01 !~
37 ? N..8 <00+02,00+8026
3900-3909 ? N..15 <255,8020 !390n,391n,394n,8111
3910-3919 ? N3,iso4217 N..15 <8020 !~
3920-3929 ? N..15 <01+30,01+31nn,01+32nn,01+35nn,01+36nn !392n,393n
3930-3939 ? N3,iso4217 N..15 <30,31nn,32nn,35nn,36nn !~
3940-3943 ? N4 <255 !394n,8111
395# ? N6 <30,31nn,32nn,35nn,36nn !392n,393n,395n,8005
400,90 ? X..30
401 ? X..30,gcppos1 /
402 ? N17,csum,gcppos1 /
403,4308,4319 ? X..30 <00
410-413,416 *? N13,csum,gcppos1
414 *? N13,csum,gcppos1 /254|7040
415 *? N13,csum,gcppos1 <8020 /8020
417 *? N13,csum,gcppos1 /7040
420 ? X..20 !421
421 ? N3,iso3166 X..9 !4307
422 ? N3,iso3166 <01,02,03,8006,8026 !426
423,425 ? N3,iso3166 [N3],iso3166 [N3],iso3166 [N3],iso3166 [N3],iso3166 <01,02,03 !426
424 ? N3,iso3166 <01,02,03 !426
426 ? N3,iso3166 <01,02,03
427 ? X..3 <01+422,02+422,03+422
4300-4301,4310-4311,4320 ? X..35,pcenc <00
4302,4304-4306,4312,4314-4316 ? X..70,pcenc <00
4303 ? X..70,pcenc <4302
4307,4317 ? X2,iso3166alpha2 <00
4309 ? N10,latitude N10,longitude <00
4313 ? X..70,pcenc <4312
4318 ? X..20 <00
4321-4323 ? N1,yesno <00
4324-4325 ? N6,yymmd0 N4,hhmi <00
4326 ? N6,yymmdd <00
4330 ? N6 [X1],hyphen <00 !4331
4331 ? N6 [X1],hyphen <00 !4330
4332 ? N6 [X1],hyphen <00 !4333
4333 ? N6 [X1],hyphen <00 !4332
7001 ? N13 <01,02,8006,8026
7002 ? X..30 <01,02
7003 ? N6,yymmdd N4,hhmi <01,02,03
7004 ? N..4 <01+10,03+10
7005 ? X..12 <01,02
7006 ? N6,yymmdd <01,02
7007 ? N6,yymmdd [N6],yymmdd <01,02
7008 ? X..3 <01,02
7009 ? X..10 <01,02
7010 ? X..2 <01,02,03
7011 ? N6,yymmdd [N4],hhmi <01,02,03
7020 ? X..20 <01+416,03+416,8006+416
7021,8012 ? X..20 <01,03,8006
7022 ? X..20 <01+7021,03+7021,8006+7021
7023 ? X..30,gcppos1
7030-7039 ? N3,iso3166999 X..27 <01,02
7040 - N1 X1 X1 X1,importeridx
7041 - X..4,packagetype <00
710-717 ? X..20 <01
7230-7239 ? X2 X..28 <01,8004
7240 ? X..20 <01,8006 !03
7241 ? N2,mediatype <8017,8018
7242 ? X..25 <8017,8018
7250 ? N8,yyyymmdd <8018 !7251
7251 ? N8,yyyymmdd N4,hhmi <8018 !7250
7252 ? N1,iso5218 <8018
7253-7254 ? X..40,pcenc <8017,8018 !7256,7259
7255 ? X..10 <8017,8018 !7256,7259
7256 ? X..90,pcenc <8017,8018
7257 ? X..70,pcenc <8018
7258 ? X3,posinseqslash <8018+7259
7259 ? X..40,pcenc <8018 !7256
8001 ? N4,nonzero N5,nonzero N3,nonzero N1,winding N1 <01
8002 ? X..20
8003 ? N1,zero N13,csum,gcppos1 [X..16] /
8004 ? X..30,gcppos1 /7040
8005 ? N6 <01,02
8006 ? N14,csum,gcppos2 N4,pieceoftotal !01,03,37 /22,10,21
8007 ? X..34,iban <415
8008 ? N6,yymmdd N2,hh [N2],mi [N2],ss <01,02,03
8009 ? X..50 <00,01,03
8010 ? Y..30,gcppos1 /8011
8011 - N..12,nozeroprefix <8010
8013 ? X..25,csumalpha,gcppos1 /
8014 - X..25,csumalpha,gcppos1,hasnondigit <01
8017 ? N18,csum,gcppos1 !8018 /8019
8018 ? N18,csum,gcppos1 !8017 /8019
8019 - N..10 <8017,8018
8020 - X..25 <415
8026 ? N14,csum,gcppos2 N4,pieceoftotal <37 !02,03,8006
8030 ? Z..90 <00,01+21,03+21,253,255,8003,8004,8006+21,8010+8011,8017,8018
8040 - N15 <01+21
8041 - N15 <01+21+8040
8042 - N32 <01+21+8040
8043 - N18 [N..2] <01+21+8040
8110 ? X..70,couponcode
8111 ? N4 <255
8112 ? X..70,couponposoffer
8200 - X..70 <01
91-99 ? X..90
`

function component(text: string): Gs1Component {
  const m = /^(\[?)([NXYZ])(\.\.)?(\d+)\]?(?:,(.*))?$/.exec(text)
  const [, open, type, range, size, checks] = m ?? []
  return {
    type: type as Gs1Component['type'],
    min: range ? 1 : Number(size),
    max: Number(size),
    optional: open === '[',
    checks: checks?.split(',') ?? [],
  }
}

function* expand(ais: string): Generator<string> {
  for (const part of ais.split(',')) {
    const decimals = part.endsWith('#')
    const [from = '', to = from] = part.replace('#', '').split('-')
    for (let n = Number(from); n <= Number(to); n++) {
      const ai = String(n).padStart(from.length, '0')
      if (!decimals) yield ai
      else for (let d = 0; d <= 5; d++) yield ai + d
    }
  }
}

function* rows(): Generator<Gs1Rule> {
  for (const line of TABLE.trim().split('\n')) {
    const [ais = '', flags = '', ...rest] = line.split(' ')
    const column = (mark: string): string | undefined => rest.find((t) => t.startsWith(mark))?.slice(1)
    const excludes = column('!')?.split(',') ?? []
    const path = column('/')
    const shared = {
      predefined: flags.includes('*'),
      attribute: flags.includes('?'),
      components: rest.filter((t) => /^\[?[NXYZ]/.test(t)).map(component),
      needs:
        column('<')
          ?.split(',')
          .map((set) => set.split('+')) ?? [],
      qualifiers: path === undefined ? null : path.split('|').map((s) => (s === '' ? [] : s.split(','))),
    }
    for (const ai of expand(ais))
      yield { ai, ...shared, excludes: excludes.map((x) => (x === '~' ? `${ai.slice(0, 3)}n` : x)) }
  }
}

/** Rule of each application identifier. */
export const GS1_RULES: ReadonlyMap<string, Gs1Rule> = new Map([...rows()].map((r) => [r.ai, r]))

/** How many digits an AI has follows from its first two (General Specifications, figure 3.1-1). */
export const AI_LENGTH: ReadonlyMap<string, number> = new Map(
  [...GS1_RULES.keys()].map((ai) => [ai.slice(0, 2), ai.length]),
)

/** Whether an AI is meant by a pattern such as `31nn`. */
export const isAi = (pattern: string, ai: string): boolean =>
  pattern === ai ||
  (pattern.includes('n') &&
    pattern.length === ai.length &&
    [...pattern].every((c, i) => c === 'n' || c === ai[i]))
