import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { canMountTmpfs } from '../services/mounts.ts'
import { describeWith } from '../services/require-service.ts'
import { goodPng, goodRecipe, type Workshop, workshop } from './bad-samples.ts'
import { runCli, startCli, stopped } from './line-process.ts'

let shop: Workshop
let taken: Server
let takenPort: number

beforeAll(async () => {
  shop = workshop('config')
  mkdirSync(join(shop.dir, 'images'))
  writeFileSync(join(shop.dir, 'images', 'good.png'), await goodPng())
  taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  takenPort = (taken.address() as { port: number }).port
})
afterAll(() => {
  taken.close()
  shop.remove()
})

const station = (over: object = {}): object => ({
  id: 'cam',
  camera: { adapter: 'replay', path: 'images', rate: 5, loop: true },
  recipe: 'ramp@1',
  budgetMs: 2_000,
  ...over,
})

const stream = (px: number): object => ({
  adapter: 'ffmpeg',
  input: ['-i', 'x'],
  widthPx: px,
  heightPx: px,
})

interface Case {
  name: string
  line(): string
  says: RegExp
}

const withRecipe =
  (name: string, over: object): Case['line'] =>
  () => {
    shop.recipe(goodRecipe({ recipe: name, ...over }), `${name}@1`)
    return shop.line(name, { stations: [station({ recipe: `${name}@1` })] })
  }
const named = (when: string): object => ({
  id: 'x',
  when,
  verdict: 'pass',
  disposition: 'release',
  reason: { en: 'x', zh: 'x' },
})
/** The package that lines/recipes/deeppcb-pair@1 pins. */
const PCB_PAIR = 'bcddb49df97817cf60e21feb75f5da397c07b50ca357703dd4c47cb0662186e1'
const measure = (unit: string): object => ({
  tools: [
    {
      id: 'w',
      use: 'measure@1',
      characteristic: 'width',
      line: [4, 4, 40, 4],
      edges: ['rising', 'falling'],
      unit,
    },
  ],
})

const CASES: Case[] = [
  {
    name: 'a mistyped key, with path, line and what was expected',
    line: () => {
      const file = shop.line('typo', { stations: [station()] })
      writeFileSync(file, readFileSync(file, 'utf8').replace('budgetMs:', 'budgetMS:'))
      return file
    },
    says: /^CFG_INVALID: .*typo\.line\.yaml, line 12, stations\[0\]\.budgetMs\); expected number; found nothing; and 1 more: stations\[0\]\.budgetMS \(line 19\): .*unknown key "budgetMS"/m,
  },
  {
    name: 'YAML that does not parse, with its line',
    line: () => shop.line('syntax', 'line: bad\ntitle: { en: a\nstations: [\n'),
    says: /^CFG_SYNTAX: .*syntax\.line\.yaml, line \d+\)/m,
  },
  {
    name: 'a recipe that does not exist, with the file looked for',
    line: () => shop.line('norecipe', { stations: [station({ recipe: 'nosuch@3' })] }),
    says: /^CFG_MISSING_FILE: .*nosuch@3\.recipe\.yaml.*expected the recipe nosuch@3/m,
  },
  {
    name: 'a unit that is none',
    line: withRecipe('inch', measure('inch')),
    says: /^CFG_INVALID: .*inch@1\.recipe\.yaml, line \d+, tools\[0\]\.unit\); expected one of "mm", "px"; found "inch"/m,
  },
  {
    name: 'millimetres without calibration',
    line: withRecipe('nocal', measure('mm')),
    says: /^CFG_UNKNOWN_REFERENCE: .*tools\[0\]\.unit\); expected `calibration:`/m,
  },
  {
    name: 'an unknown region of interest, with those that exist',
    line: withRecipe('roi', {
      tools: [{ id: 's', use: 'blob@1', polarity: 'bright', threshold: 9, roi: 'lid' }],
    }),
    says: /^CFG_UNKNOWN_REFERENCE: .*tools\[0\]\.roi\); expected a region of `rois` \(all\); found lid/m,
  },
  {
    name: 'a rule that does not compile',
    line: withRecipe('rule', { rules: [named('findings.size( > 1')] }),
    says: /^INS_RULE_INVALID: .*rule@1\.recipe\.yaml, line \d+, rules\[0\]\.when\)/m,
  },
  {
    name: 'a rule that names a class which no tool gives',
    line: withRecipe('class', { rules: [named('findings.exists(f, f.class == "blbo")')] }),
    says: /^CFG_UNKNOWN_REFERENCE: .*class@1\.recipe\.yaml, line \d+, rules\[0\]\.when\); expected a class .*: blob; found "blbo" in rule "x"/m,
  },
  {
    name: 'a rule that names a class which the model does not know',
    line: withRecipe('label', {
      golden: { from: 'frame' },
      tools: [{ id: 'm', use: 'model@1', model: 'pcb-pair', sha256: PCB_PAIR, threshold: 0.5 }],
      rules: [named('findings.exists(f, f.class == "opne") || scores["m.max"] > 0.9')],
    }),
    says: /^CFG_UNKNOWN_REFERENCE: .*label@1\.recipe\.yaml, line \d+, rules\[0\]\.when\); expected a class .*: open, .*; found "opne" in rule "x"/m,
  },
  {
    name: 'a golden template that is not there',
    line: withRecipe('golden', { golden: { from: 'file', file: 'no.png', sha256: 'a'.repeat(64) } }),
    says: /^CFG_MISSING_FILE: .*golden\.file\); expected the golden template; found no readable file .*no\.png/m,
  },
  {
    name: 'a model that is not installed',
    line: withRecipe('nomodel', {
      tools: [{ id: 'm', use: 'model@1', model: 'nosuch', sha256: 'b'.repeat(64), threshold: 0.5 }],
    }),
    says: /^MDL_UNKNOWN: .*nomodel@1\.recipe\.yaml, line \d+, tools\[0\]\); expected nosuch with SHA-256 b+; found packages .*pcb-pair.*; searched .*packages.*; install/m,
  },
  {
    name: 'an unknown module',
    line: () => shop.line('module', { stations: [station()], scenarios: [{ use: 'nosuch' }] }),
    says: /^CFG_UNKNOWN_REFERENCE: .*module\.line\.yaml, line \d+, scenarios\[0\]\.use\); expected .*lean.*; found nosuch/m,
  },
  {
    name: 'frames of another size than the recipe looks at',
    line: () => shop.line('size', { stations: [station({ camera: stream(320) })] }),
    says: /^CFG_INVALID: .*size\.line\.yaml, line \d+, stations\[0\]\.camera\); expected frames of \d+ × \d+ px, the view of ramp@1; found 320 × 320 px/m,
  },
  {
    name: 'frames that fit into no slot',
    line: () => {
      shop.recipe(
        goodRecipe({ recipe: 'wide', view: { name: 'top', widthPx: 320, heightPx: 320 } }),
        'wide@1',
      )
      const frames = { slots: 2, slotBytes: 65_536 }
      return shop.line('slot', { frames, stations: [station({ recipe: 'wide@1', camera: stream(320) })] })
    },
    says: /^CFG_INVALID: .*stations\[0\]\.camera\); expected frames of at most 65536 bytes; found 320 × 320 px of mono8, 102400 bytes; raise frames\.slotBytes/m,
  },
  {
    name: 'the port of the dashboard in use',
    line: () => shop.line('port', { stations: [station()], dashboard: { port: takenPort } }),
    says: /^CFG_PORT_IN_USE: .*dashboard\.port\); expected a free port; found 127\.0\.0\.1:\d+ is taken; stop the other program/m,
  },
  {
    name: 'the port of a pushing camera in use',
    line: () =>
      shop.line('cameraport', { stations: [station({ camera: { adapter: 'http-push', port: takenPort } })] }),
    says: /^CFG_PORT_IN_USE: .*stations\[0\]\.camera\.port\)/m,
  },
  {
    name: 'a variable of the environment that is not set',
    line: () =>
      shop.line('variable', {
        stations: [station({ camera: { adapter: 'replay', path: '${NO_SUCH_VARIABLE}', rate: 1 } })],
      }),
    says: /^CFG_INVALID: .*line \d+, stations\[0\]\.camera\.path\); expected the environment variable NO_SUCH_VARIABLE; found nothing; set/m,
  },
]

describe('nothing is started, and no data directory made, for', () => {
  it.each(CASES)('$name', async ({ line, says }) => {
    const { code, stdout, stderr } = await runCli(['serve', line(), '--data', shop.data])
    expect(stderr).toMatch(says)
    expect(stdout).toBe('')
    // A model is an installed part, not a line of the configuration; all else is code 2.
    expect(code).toBe(/^MDL_/m.test(stderr) ? 1 : 2)
    expect(existsSync(shop.data)).toBe(false)
  })
})

describe('the data directory', () => {
  it('in use by a running line is refused to a second one, and to no third after the first has ended', async () => {
    const file = shop.line('twice', { stations: [station()] })
    const data = join(shop.dir, 'shared')
    const first = await startCli(['serve', file, '--data', data, '--no-supervisor'])
    const second = await runCli(['serve', file, '--data', data])
    expect(second.stderr).toMatch(
      /CFG_DATA_DIR: .*shared\); expected a data directory of its own; found in use by process \d+; stop that line/,
    )
    expect(second.code).toBe(2)
    expect((await fetch(`${String(first.ready['url'])}/api/line`)).status).toBe(200)
    expect(await stopped(first)).toBe(0)
    expect(await stopped(await startCli(['serve', file, '--data', data, '--no-supervisor']))).toBe(0)
  }, 90_000)

  it('that cannot be made is refused', async () => {
    const file = shop.line('nodir', { stations: [station()] })
    const { code, stderr } = await runCli([
      'serve',
      file,
      '--data',
      join(shop.dir, 'images', 'good.png', 'data'),
    ])
    expect(stderr).toMatch(/CFG_DATA_DIR: .*good\.png.*expected a directory that can be written/)
    expect(code).toBe(2)
  })
})

describeWith('mounting a tmpfs (root on Linux)', canMountTmpfs(), 'a read-only disk', () => {
  it('is refused as data directory', async () => {
    const place = join(shop.dir, 'read-only')
    mkdirSync(place)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro,size=1m', 'tmpfs', place])
    try {
      const { code, stderr } = await runCli([
        'serve',
        shop.line('ro', { stations: [station()] }),
        '--data',
        place,
      ])
      expect(stderr).toMatch(/CFG_DATA_DIR: .*read-only.*expected a directory that can be written/)
      expect(code).toBe(2)
    } finally {
      execFileSync('umount', [place])
    }
  })
})

describe('other commands', () => {
  it.each([
    [
      'trace of a directory that is none',
      () => ['trace', 'X1', '--data', join(shop.dir, 'nowhere')],
      2,
      /^CFG_DATA_DIR: .*nowhere\); expected a data directory of a line; give it with --data/m,
    ],
    [
      'trace of an unknown serial',
      () => ['trace', 'NO-SUCH-PART', '--data', join(shop.dir, 'shared')],
      1,
      /^TRC_NOT_FOUND: .*found NO-SUCH-PART/m,
    ],
    [
      'evaluate of an empty folder',
      () => ['evaluate', join(shop.dir, 'recipes'), '--model', 'pcb-pair'],
      1,
      /^DAT_\w+: /m,
    ],
    [
      'evaluate of another layout',
      () => ['evaluate', join(shop.dir, 'images'), '--dataset', 'deeppcb'],
      1,
      /^DAT_(LAYOUT|EMPTY): .*expected/m,
    ],
    [
      'inspect of a file that is not there',
      () => [
        'inspect',
        join(shop.dir, 'no.png'),
        '--recipe',
        join(shop.dir, 'recipes', 'ramp@1.recipe.yaml'),
      ],
      2,
      /^CFG_MISSING_FILE: .*no\.png/m,
    ],
    [
      'inspect of a folder without images',
      () => [
        'inspect',
        join(shop.dir, 'recipes'),
        '--recipe',
        join(shop.dir, 'recipes', 'ramp@1.recipe.yaml'),
      ],
      1,
      /^DAT_EMPTY: /m,
    ],
  ])('%s is refused with its code', async (_name, args, exit, says) => {
    const { code, stdout, stderr } = await runCli(args())
    expect(stderr).toMatch(says)
    expect(stdout).toBe('')
    expect(code).toBe(exit)
  })
})
