import { resolve } from 'node:path'
import type { Command } from 'commander'
import { asCoded, canonicalJson, CodedError, type Verdict } from '../../contracts/index.ts'
import { inspect, loadRecipe, prepareRecipe } from '../../inspection/index.ts'
import { openTraceQuery, replayFrame, type TraceQuery } from '../../traceability/query/index.ts'
import type { Environment } from '../setup/environment.ts'
import { modelSetup } from '../setup/models.ts'
import { paths } from '../setup/paths.ts'
import { dataDirOf } from '../line/state-facts.ts'
import { DATA_OPTION } from '../terminal/options.ts'

/** What tools and rules say; the line may have taken a verdict back for reasons that are not in the picture. */
const SEEN = ['findings', 'measurements', 'codes', 'scores', 'maps', 'registration', 'quality'] as const
const JUDGED = ['result', 'defects', 'severity', 'trace', 'models'] as const
const SAID = ['disposition', 'reasons', 'noVerdict'] as const

export interface Replay {
  inspectionId: string
  recipe: string
  result: Verdict['result']
  /** Why the line took the verdict back; what was seen is compared all the same. */
  withdrawn: string | null
  /** Parts of the verdict that come out otherwise now; empty = the same byte for byte, but for the words of a no-verdict. */
  differs: string[]
}

export function addReplay(program: Command, environment: Environment): void {
  program
    .command('replay <serial>')
    .description('judge a part again from its record alone; exit code 3 when anything differs')
    .option(...DATA_OPTION)
    .option('--recipes <dir>', 'folder of the recipes', `${paths.lines}/recipes`)
    .action(async (serial: string, o: { data?: string; recipes: string }) => {
      const query = openTraceQuery(dataDirOf(o.data, environment))
      try {
        const life = await query.bySerial(serial)
        if (life === null)
          throw new CodedError('TRC_NOT_FOUND', { expected: 'a serial that was inspected', actual: serial })
        for (const { inspectionId, image } of life.inspections) {
          const replay = await again(
            query,
            inspectionId,
            image?.sha256 ?? null,
            resolve(o.recipes),
            environment,
          )
          process.stdout.write(`${JSON.stringify(replay)}\n`)
          if (replay.differs.length > 0) process.exitCode = 3
        }
      } finally {
        query.close()
      }
    })
}

async function again(
  query: TraceQuery,
  inspectionId: string,
  sha256: string | null,
  recipes: string,
  environment: Environment,
): Promise<Replay> {
  const record = await query.record(inspectionId)
  if (record === null) throw new CodedError('TRC_NOT_FOUND', { actual: inspectionId })
  const then = record.outcome.verdict
  const loaded = await loadRecipe(recipes, then.recipe, {
    sha256: then.recipeSha256,
    released: true,
  }).catch((error: unknown) => {
    const { code, detail } = asCoded(error, 'CFG_MISSING_FILE')
    throw new CodedError(code, {
      ...detail,
      hint: detail.hint ?? 'the folder of the line is given by --recipes',
    })
  })
  const frame = await replayFrame(record, sha256, (hash) => query.imageBytes(hash))
  const prepared = await prepareRecipe(loaded, await modelSetup(['cpu'], environment))
  try {
    const { verdict } = await inspect(frame, prepared, record.context)
    return {
      inspectionId,
      recipe: then.recipe,
      result: verdict.result,
      withdrawn: withdrawn(then, verdict),
      differs: differences(then, verdict),
    }
  } finally {
    await prepared.close()
  }
}

const withdrawn = (then: Verdict, now: Verdict): string | null =>
  then.noVerdict !== null && now.noVerdict === null ? then.noVerdict.reason : null

/** A no-verdict is compared by reason and code: its message is words, which another version of the program may choose better. */
export function differences(then: Verdict, now: Verdict): string[] {
  const held = then.disposition === 'hold' && now.disposition !== 'hold'
  const keys = [...SEEN, ...(withdrawn(then, now) === null ? [...JUDGED, ...(held ? [] : SAID)] : [])]
  // Through JSON, as the stored one went.
  const text = (value: unknown): string => canonicalJson(JSON.parse(JSON.stringify(value)))
  const of = (verdict: Verdict, key: (typeof keys)[number]): unknown =>
    key === 'noVerdict' && verdict.noVerdict ? { ...verdict.noVerdict, message: '' } : verdict[key]
  return keys.filter((key) => text(of(then, key)) !== text(of(now, key)))
}
