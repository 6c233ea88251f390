import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { CodedError, STOP_SIGNALS } from '../../contracts/index.ts'
import { MAX_AREA_PX, METHOD_IDS, teachOptionsSchema, type TeachOptions } from '../../models/index.ts'
import type { Environment } from '../setup/environment.ts'
import { recipePlace } from '../line/config.ts'
import { checkModelName, freeVersion, nextMinor } from '../teach/model-version.ts'
import { expectedBy, number, whole } from '../terminal/options.ts'
import { taughtDir } from '../setup/paths.ts'
import { showProgress } from '../terminal/progress.ts'
import { type SigningFlags, signingKey, signingOptions } from '../setup/signing-key.ts'
import { modelName, teachInThread } from '../teach/job.ts'
import { teachReportText } from '../teach/report-text.ts'

interface Flags extends SigningFlags {
  good?: string[]
  defect?: string[]
  from?: string
  remove?: string[]
  out?: string
  id?: string
  modelVersion?: string
  backbone: string
  recipe?: string
  falseCalls?: number
  recall?: number
  cost?: string
  confidence?: number
  method?: string
  bank?: number
  area?: number
  include?: string[]
  exclude?: string[]
  mask?: string
  seed?: number
  turn: boolean
  groupBy?: string
  group: boolean
  memory?: number
  time?: number
  json?: boolean
}

export function addTeach(program: Command, environment: Environment): void {
  signingOptions(program.command('teach'))
    .description(
      'teach an anomaly model from good images; with --from, a new version with images added or taken out',
    )
    .option('--good <paths...>', 'folders or files of good images')
    .option('--defect <paths...>', 'defective images, for measuring and the threshold only')
    .option('--from <dir>', 'taught model package to make a new version of')
    .option('--remove <names...>', 'with --from: names of good images to take out, as the report says them')
    .option('--out <dir>', 'folder of the new model package; default: among those taught on this machine')
    .option('--id <name>', 'id of the new model; with --from that of the old one')
    .option('--model-version <x.y.z>', 'its version; default 1.0.0, or the next minor one of its id')
    .option(
      '--recipe <id@version>',
      'teach what the models of this recipe see: its view, gate and registration',
    )
    .option('--backbone <id>', 'package of family `backbone`', 'backbone-s')
    .option('--false-calls <rate>', 'false-call rate to promise, 0..1; default 0.05', number(0.0001, 0.5))
    .option(
      '--recall <share>',
      'with --defect: find this share of them, 0..1, at the highest threshold',
      number(0.01, 1),
    )
    .option(
      '--cost <escape,false-call,share>',
      'with --defect: the threshold of least cost, from what an escape and a false call cost and the share of defective parts, e.g. 100,1,0.02',
    )
    .option(
      '--confidence <share>',
      'with which the false-call rate is promised; default 0.95',
      number(0.51, 0.999),
    )
    .option(
      '--method <name>',
      `auto (default), ${METHOD_IDS.join(', ')}; those by place for parts in a fixture, \`template\` compares pixels and needs no backbone`,
    )
    .option('--bank <n>', 'members of the memory bank at most; default 3000', whole(10, 20_000))
    .option(
      '--area <px>',
      'working area: larger sees smaller defects; default: half of the image, 65536 to 262144, for images above 1048576 px to 4194304',
      whole(4_096, MAX_AREA_PX),
    )
    .option('--include <x1,y1,x2,y2...>', 'only these regions count')
    .option('--exclude <x1,y1,x2,y2...>', 'these regions do not count')
    .option('--mask <file>', 'an image of their size: only where it is bright counts')
    .option('--no-turn', 'no turned copies: a turned or mirrored part is a defect')
    .option(
      '--group-by <regex>',
      'part of the file name that says which workpiece it is: photographs of one never judge each other',
    )
    .option('--no-group', 'do not look for photographs of one workpiece: each image is one of its own')
    .option('--seed <n>', 'the same seed, images and backbone give the same model; default 1', whole(0))
    .option('--memory <MB>', 'memory by which the program may grow; default 4000', whole(50))
    .option('--time <seconds>', 'time the work may take; refused when it would take longer', whole(1))
    .option('--json', 'print the whole report as JSON')
    .action((o: Flags, command: Command) => {
      refuseContradictions(o, (name) => command.getOptionValueSource(name) === 'cli')
      return run(o, environment)
    })
}

/** What a new version takes over from the model it is made of. */
const KEPT = {
  backbone: '--backbone',
  defect: '--defect',
  falseCalls: '--false-calls',
  recall: '--recall',
  cost: '--cost',
  confidence: '--confidence',
  method: '--method',
  bank: '--bank',
  area: '--area',
  include: '--include',
  exclude: '--exclude',
  mask: '--mask',
  seed: '--seed',
  turn: '--no-turn',
  groupBy: '--group-by',
  group: '--no-group',
}

/** Nothing that was asked for is passed over. @throws CFG_USAGE */
function refuseContradictions(o: Flags, given: (name: string) => boolean): void {
  const refused = (expected: string, actual: string): never => {
    throw new CodedError('CFG_USAGE', { expected, actual })
  }
  if (o.from !== undefined) {
    const kept = Object.entries(KEPT).filter(([name]) => given(name))
    if (kept.length > 0)
      refused(
        'with --from only what changes in its images: it keeps the settings of the model',
        kept.map(([, flag]) => flag).join(', '),
      )
  } else if (o.remove !== undefined) refused('--from with --remove', '--remove alone')
  for (const goal of ['recall', 'cost'] as const)
    if (o[goal] !== undefined && o.defect === undefined) refused(`--defect with --${goal}`, `--${goal} alone`)
  const goals = (['falseCalls', 'recall', 'cost'] as const).filter((g) => o[g] !== undefined)
  if (goals.length > 1)
    refused('one of --false-calls, --recall and --cost', goals.map((g) => KEPT[g]).join(' and '))
  if (!o.group && o.groupBy !== undefined) refused('--group-by or --no-group', 'both')
}

async function run(o: Flags, environment: Environment): Promise<void> {
  const from = o.from === undefined ? null : resolve(o.from)
  if (from === null && (o.good === undefined || o.id === undefined))
    throw new CodedError('CFG_USAGE', { expected: '--good and --id, or --from', actual: 'neither' })
  const old = from === null ? null : await modelName(from)
  const id = o.id ?? old?.id ?? ''
  checkModelName(id, o.modelVersion)
  // Into a folder of one's own any version may go.
  const version =
    o.out === undefined
      ? await freeVersion(id, o.modelVersion, environment, { after: old?.version })
      : (o.modelVersion ?? (old === null ? '1.0.0' : nextMinor(old.version)))
  const signer = await signingKey(o, environment)
  const stop = new AbortController()
  const cancel = (): void => stop.abort()
  for (const signal of STOP_SIGNALS) process.once(signal, cancel)
  const progress = showProgress('teach')
  try {
    const answer = await teachInThread(
      {
        good: (o.good ?? []).map((p) => resolve(p)),
        defects: (o.defect ?? []).map((p) => resolve(p)),
        from,
        remove: o.remove ?? [],
        backbone: o.backbone,
        recipe: o.recipe === undefined ? null : recipePlace(o.recipe),
        options: optionsOf(o),
        ...(o.mask !== undefined && { mask: resolve(o.mask) }),
        id,
        version,
        outDir: resolve(o.out ?? join(taughtDir(environment), `${id}-${version}`)),
        ...signer,
      },
      environment,
      stop.signal,
      ({ done, total, estimate }) => {
        if (estimate === undefined) progress.update(done, total)
        else
          process.stderr.write(
            `about ${Math.ceil(estimate.seconds)} s, at most ${Math.ceil(estimate.memoryBytes / 1e6)} MB more memory\n` +
              (estimate.warnings ?? []).map((w) => `note: ${w.en}\n`).join(''),
          )
      },
    )
    progress.stop()
    process.stdout.write(o.json ? `${JSON.stringify(answer, null, 2)}\n` : teachReportText(answer))
    if (!o.json && o.out === undefined)
      process.stdout.write(
        `judge with it: sightline inspect DIR --model ${id}; begin a recipe: sightline models recipe ${id} --view WxH\n`,
      )
  } finally {
    progress.stop()
    for (const signal of STOP_SIGNALS) process.removeListener(signal, cancel)
  }
}

function optionsOf(o: Flags): TeachOptions {
  const given = {
    method: o.method,
    bankSize: o.bank,
    areaPx: o.area,
    seed: o.seed,
    turn: o.turn,
    groupBy: o.groupBy,
    group: o.group,
    include: o.include?.map((text) => boxOf('--include', text)),
    exclude: o.exclude?.map((text) => boxOf('--exclude', text)),
    memoryLimitBytes: o.memory === undefined ? undefined : o.memory * 1_000_000,
    timeLimitS: o.time,
    threshold: goalOf(o),
    confidence: o.confidence,
  }
  const parsed = teachOptionsSchema.safeParse(given)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const name = String(issue?.path[0] ?? '')
  throw new CodedError('CFG_USAGE', {
    path: FLAGS[name] ?? name,
    expected: expectedBy(issue?.message),
    actual: JSON.stringify(given[name as keyof typeof given]) ?? 'nothing',
  })
}

function goalOf({ recall, cost, falseCalls }: Flags): TeachOptions['threshold'] | undefined {
  if (recall !== undefined) return { goal: 'recall', recall }
  if (cost !== undefined) return costOf(cost)
  return falseCalls === undefined ? undefined : { goal: 'false-calls', rate: falseCalls }
}

/** @throws CFG_USAGE */
function costOf(text: string): TeachOptions['threshold'] {
  const [escapeCost = NaN, overkillCost = NaN, defectShare = NaN, ...rest] = text
    .split(',')
    .map((n) => (n.trim() === '' ? NaN : Number(n)))
  const costs = [escapeCost, overkillCost].every((c) => c > 0 && Number.isFinite(c))
  if (rest.length > 0 || !costs || !(defectShare >= 0.0001 && defectShare <= 0.5))
    throw new CodedError('CFG_USAGE', {
      path: '--cost',
      expected:
        'escape,false-call,share: two costs above 0 and the share of defective parts from 0.0001 to 0.5',
      actual: text,
    })
  return { goal: 'cost', escapeCost, overkillCost, defectShare }
}

const FLAGS: Record<string, string> = { method: '--method', groupBy: '--group-by' }

/** @throws CFG_USAGE */
function boxOf(flag: string, text: string): number[] {
  const [x1 = NaN, y1 = NaN, x2 = NaN, y2 = NaN, ...rest] = text
    .split(',')
    .map((n) => (n.trim() === '' ? NaN : Number(n)))
  if (rest.length > 0 || !(x1 < x2 && y1 < y2))
    throw new CodedError('CFG_USAGE', {
      path: flag,
      expected: 'x1,y1,x2,y2 in px, x1 < x2 and y1 < y2',
      actual: text,
    })
  return [x1, y1, x2, y2]
}
