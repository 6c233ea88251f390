import { cpus, hostname } from 'node:os'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { CodedError, type GateResult } from '../../contracts/index.ts'
import {
  badPart,
  clopperPearson,
  evaluate,
  type EvaluationResult,
  fileListHash,
  incompleteBeta,
} from '../../datasets/index.ts'
import { loadRecipe, type LoadedRecipe } from '../../inspection/index.ts'
import { decideGate, type GateJudge, saveGateResult } from '../../models/index.ts'
import { refOf } from '../life/changeover.ts'
import { recipePlace } from '../line/config.ts'
import type { Environment } from '../setup/environment.ts'
import { gatesDir } from '../life/life.ts'
import { modelSetup } from '../setup/models.ts'
import { openDataSet } from '../images/open-data-set.ts'
import { DATA_OPTION, number, whole } from '../terminal/options.ts'
import { showProgress } from '../terminal/progress.ts'
import { printTable } from '../terminal/table.ts'

interface Flags {
  recipe: string
  against: string
  acceptance: string
  dataset?: string
  split?: string
  taktMs: number
  alpha: number
  zeroTolerance: boolean
  allowOverkill?: boolean
  data?: string
  workers?: number
  provider: string[]
  json?: boolean
}

/** `models gate`: the only way to a recipe that the line takes without an override. */
export function addModelsGate(models: Command, environment: Environment): void {
  models
    .command('gate')
    .description(
      'judge a frozen acceptance set by a candidate and by the recipe in force; exit code 3 = refused',
    )
    .requiredOption('--recipe <id@version>', 'candidate: recipe in lines/recipes, or a recipe file')
    .requiredOption('--against <id@version>', 'the recipe it would replace')
    .requiredOption('--acceptance <dir>', 'data set with good and bad parts; its content is hashed')
    .requiredOption(
      '--takt-ms <ms>',
      'time the line has per part; p95 must stay below it',
      number(0.001, 1e7),
    )
    .option('--dataset <layout>', 'layout of the set; default: found out')
    .option('--split <name>', 'only this split')
    .option(
      '--alpha <p>',
      'refuse when new escapes are less likely than this by chance',
      number(1e-9, 0.5),
      0.05,
    )
    .option('--no-zero-tolerance', 'allow new escapes as long as the test does not find more of them')
    .option('--allow-overkill', 'take more good parts stopped than now; else the same test refuses them')
    .option(...DATA_OPTION)
    .option('--workers <n>', 'inspection workers; default: one per core', whole(1, 256))
    .option('--provider <name...>', 'execution providers in order', ['cpu'])
    .option('--json', 'print JSON')
    .action(async (flags: Flags) => {
      const result = await runGate(flags, environment)
      if (flags.json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
      else print(result)
      if (!result.accepted) process.exitCode = 3
    })
}

/** @throws CFG_*, DAT_*, MDL_*; DAT_ANNOTATION when a part of the set is neither good nor bad */
async function runGate(flags: Flags, environment: Environment): Promise<GateResult> {
  const dir = resolve(flags.acceptance)
  const dataset = await openDataSet(dir, {
    ...(flags.dataset === undefined ? {} : { format: flags.dataset }),
    ...(flags.split === undefined ? {} : { split: flags.split }),
  })
  const items = dataset.items.map((item) => {
    const { id } = item
    const defective = badPart(item)
    if (defective === null)
      throw new CodedError('DAT_ANNOTATION', {
        file: dir,
        path: id,
        expected: 'an acceptance set that says of every part whether it is bad',
        actual: 'no word on it',
      })
    return { id, defective }
  })
  const { sha256 } = await fileListHash(dir)
  const models = await modelSetup(flags.provider, environment)
  const progress = showProgress('gate')
  const judge = async (name: string, nth: number): Promise<GateJudge> => {
    const place = recipePlace(name)
    // The recipe in force stays what candidates are held to, also where a later version would refuse it.
    const source = await loadRecipe(place.dir, place.id, { released: name !== flags.recipe })
    const result = await evaluate({
      dataset,
      models,
      subject: { kind: 'recipe', source },
      ...(flags.workers === undefined ? {} : { workers: flags.workers }),
      onProgress: (done, total) => progress.update(nth * total + done, 2 * total),
    })
    return judgeOf(source, result)
  }
  const candidate = await judge(flags.recipe, 0)
  const reference = await judge(flags.against, 1)
  progress.stop()
  const decision = decideGate(
    {
      items,
      candidate,
      reference,
      taktMs: flags.taktMs,
      alpha: flags.alpha,
      zeroTolerance: flags.zeroTolerance,
      allowOverkill: flags.allowOverkill === true,
    },
    {
      clopperPearson: (k, n) => clopperPearson(k, n),
      lowerLimit: (k, n) => clopperPearson(k, n, 0.9)[0],
      incompleteBeta,
    },
  )
  // A set that changed meanwhile is not frozen: its hash would stand for pictures that nobody judged.
  if ((await fileListHash(dir)).sha256 !== sha256)
    throw new CodedError('DAT_LAYOUT', {
      file: dir,
      expected: 'a frozen acceptance set',
      actual: 'it changed',
    })
  return saveGateResult(gatesDir(resolve(flags.data ?? environment.dataDir ?? '.sightline')), {
    at: new Date().toISOString(),
    acceptance: { dir, format: dataset.format, split: flags.split ?? null, items: items.length, sha256 },
    ...decision,
    machine: { host: hostname(), cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length },
  })
}

function judgeOf(source: LoadedRecipe, { images, timing, dataset }: EvaluationResult): GateJudge {
  const total = timing['total']
  if (!total)
    throw new CodedError('DAT_EMPTY', {
      file: dataset.dir,
      expected: 'pictures that can be read',
      actual: 'none',
    })
  return {
    recipe: refOf(source),
    verdicts: images.map((i) => ({ result: i.verdict, notJudged: i.noVerdict?.message ?? null })),
    p50Ms: total.p50,
    p95Ms: total.p95,
  }
}

function print(r: GateResult): void {
  const share = ({ k, n, interval: [low, high] }: GateResult['candidate']['escape']): string =>
    `${k}/${n} (${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)} %)`
  printTable(
    ['', 'recipe', 'escape', 'overkill', 'inconclusive', 'p50 ms', 'p95 ms'],
    (['candidate', 'reference'] as const).map((name) => {
      const j = r[name]
      const shares = [j.escape, j.overkill, j.inconclusive].map(share)
      return [name, j.recipe.id, ...shares, j.p50Ms.toFixed(1), j.p95Ms.toFixed(1)]
    }),
  )
  const { onlyCandidate, onlyReference, p, newEscapes } = r.escapeTest
  process.stdout.write(
    `new escapes ${onlyCandidate}, mended ${onlyReference}, one-sided exact p = ${p.toPrecision(3)}; takt ${r.taktMs} ms\n`,
  )
  if (r.overkillTest)
    process.stdout.write(
      `good parts stopped anew ${r.overkillTest.onlyCandidate}, passed anew ${r.overkillTest.onlyReference}, p = ${r.overkillTest.p.toPrecision(3)}\n`,
    )
  printNotJudged(r.notJudged ?? [])
  if (newEscapes.length > 0) process.stdout.write(`new escapes: ${newEscapes.slice(0, 20).join(', ')}\n`)
  process.stdout.write(`${r.accepted ? 'accepted' : `refused: ${r.refusals.join(', ')}`} (${r.id})\n`)
}

/** A set that says less than it seems to must say so: what both recipes hold refuses nobody. */
function printNotJudged(parts: NonNullable<GateResult['notJudged']>): void {
  for (const byNobody of [true, false]) {
    const own = parts.filter((p) => p.byNobody === byNobody)
    if (own.length === 0) continue
    const bad = own.filter((p) => p.defective).length
    process.stdout.write(
      `judged by ${byNobody ? 'neither, so that they say nothing' : 'the reference alone'}: ${bad} bad, ${own.length - bad} good\n`,
    )
    for (const { id, why } of own.slice(0, 20)) process.stdout.write(`  ${id}: ${why}\n`)
    if (own.length > 20) process.stdout.write(`  and ${own.length - 20} more\n`)
  }
}
