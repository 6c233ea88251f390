/** One component of an AI's data field: `N6,yymmdd`, `X..20`, `[X..17]`. */
export interface Gs1Component {
  /** N numeric, X charset 82, Y charset 39, Z base64url. */
  type: 'N' | 'X' | 'Y' | 'Z'
  min: number
  max: number
  optional: boolean
  /** Names of the content checks of gs1-checks.ts. */
  checks: string[]
}

export interface Gs1Rule {
  ai: string
  /** Of pre-defined length: needs no FNC1 behind it. */
  predefined: boolean
  components: Gs1Component[]
}

/**
 * AIs, `*` = pre-defined length, format: GS1 General Specifications, section 3, in the notation of the GS1 Barcode
 * Syntax Dictionary (github.com/gs1/gs1-syntax-dictionary, Apache-2.0); runs of AIs with one format are ranges.
 */
const TABLE = `
00 * N18,csum
01-03 * N14,csum
10 - X..20
11-13 * N6,yymmd0
15-17 * N6,yymmd0
20 * N2
21-22 - X..20
235 - X..28
240-241 - X..30
242 - N..6
243 - X..20
250-251 - X..30
253 - N13,csum [X..17]
254 - X..20
255 - N13,csum [N..12]
30 - N..8
310-316 * N6 decimals
320-329 * N6 decimals
330-337 * N6 decimals
340-349 * N6 decimals
350-357 * N6 decimals
360-369 * N6 decimals
37 - N..8
3900-3909 - N..15
3910-3919 - N3,iso4217 N..15
3920-3929 - N..15
3930-3939 - N3,iso4217 N..15
3940-3943 - N4
3950-3955 - N6
400-401 - X..30
402 - N17,csum
403 - X..30
410-417 * N13,csum
420 - X..20
421 - N3,iso3166 X..9
422 - N3,iso3166
423 - N3,iso3166 [N3],iso3166 [N3],iso3166 [N3],iso3166 [N3],iso3166
424 - N3,iso3166
425 - N3,iso3166 [N3],iso3166 [N3],iso3166 [N3],iso3166 [N3],iso3166
426 - N3,iso3166
427 - X..3
4300-4301 - X..35,pcenc
4302-4306 - X..70,pcenc
4307 - X2,iso3166alpha2
4308 - X..30
4309 - N10,latitude N10,longitude
4310-4311 - X..35,pcenc
4312-4316 - X..70,pcenc
4317 - X2,iso3166alpha2
4318 - X..20
4319 - X..30
4320 - X..35,pcenc
4321-4323 - N1,yesno
4324-4325 - N6,yymmd0 N4,hhmi
4326 - N6,yymmdd
4330-4333 - N6 [X1],hyphen
7001 - N13
7002 - X..30
7003 - N6,yymmdd N4,hhmi
7004 - N..4
7005 - X..12
7006 - N6,yymmdd
7007 - N6,yymmdd [N6],yymmdd
7008 - X..3
7009 - X..10
7010 - X..2
7011 - N6,yymmdd [N4],hhmi
7020-7022 - X..20
7023 - X..30
7030-7039 - N3,iso3166999 X..27
7040 - N1 X1 X1 X1,importeridx
7041 - X..4,packagetype
710-717 - X..20
7230-7239 - X2 X..28
7240 - X..20
7241 - N2,mediatype
7242 - X..25
7250 - N8,yyyymmdd
7251 - N8,yyyymmdd N4,hhmi
7252 - N1,iso5218
7253-7254 - X..40,pcenc
7255 - X..10
7256 - X..90,pcenc
7257 - X..70,pcenc
7258 - X3,posinseqslash
7259 - X..40,pcenc
8001 - N4,nonzero N5,nonzero N3,nonzero N1,winding N1
8002 - X..20
8003 - N1,zero N13,csum [X..16]
8004 - X..30
8005 - N6
8006 - N14,csum N4,pieceoftotal
8007 - X..34,iban
8008 - N6,yymmdd N2,hh [N2],mi [N2],ss
8009 - X..50
8010 - Y..30
8011 - N..12,nozeroprefix
8012 - X..20
8013 - X..25,csumalpha
8014 - X..25,csumalpha,hasnondigit
8017-8018 - N18,csum
8019 - N..10
8020 - X..25
8026 - N14,csum N4,pieceoftotal
8030 - Z..90
8040-8041 - N15
8042 - N32
8043 - N18 [N..2]
8110 - X..70,couponcode
8111 - N4
8112 - X..70,couponposoffer
8200 - X..70
90 - X..30
91-99 - X..90
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

function* rows(): Generator<Gs1Rule> {
  for (const line of TABLE.trim().split('\n')) {
    const [ais = '', flag, ...rest] = line.split(' ')
    const [from = '', to = from] = ais.split('-')
    // The fourth digit of 31nn to 36nn is the number of decimals, 0 to 5.
    const decimals = rest.at(-1) === 'decimals'
    const components = (decimals ? rest.slice(0, -1) : rest).map(component)
    for (let n = Number(from); n <= Number(to); n++) {
      const ai = String(n).padStart(from.length, '0')
      const tails = decimals ? ['0', '1', '2', '3', '4', '5'] : ['']
      for (const tail of tails) yield { ai: ai + tail, predefined: flag === '*', components }
    }
  }
}

/** Rule of each application identifier. */
export const GS1_RULES: ReadonlyMap<string, Gs1Rule> = new Map([...rows()].map((r) => [r.ai, r]))

/** How many digits an AI has follows from its first two (General Specifications, figure 3.1-1). */
export const AI_LENGTH: ReadonlyMap<string, number> = new Map(
  [...GS1_RULES.keys()].map((ai) => [ai.slice(0, 2), ai.length]),
)
