import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { CodedError } from '../../contracts/index.ts'
import {
  backboneOfHash,
  findPackages,
  pinnedPackage,
  taughtBackbone,
  teachDataDir,
  teachOptionsSchema,
  type TeachOptions,
} from '../../models/index.ts'
import type { Environment } from '../setup/environment.ts'
import { modelDirs } from '../setup/models.ts'
import { freeVersion } from './model-version.ts'
import { taughtDir } from '../setup/paths.ts'
import { signingKey } from '../setup/signing-key.ts'
import type { DefectSource, TeachAgainAsk, TeachAsk, TeachSource } from './ask.ts'
import { allowedPlace } from './images.ts'
import type { TeachOrder } from './job.ts'

export interface TeachOrderParts {
  recipesDir: string
  environment: Environment
  /** Folders whose images may be taught. */
  folders: readonly string[]
}

/** A teaching that may begin, but for its images. */
export interface Ordered {
  order: TeachOrder
  /** Of the new model. */
  id: string
  good: TeachSource | null
  defects: DefectSource | null
  /** The model that it changes. */
  of: { version: string; sha256: string } | null
}

/** @throws API_REQUEST when the version is there already, or a mask lies in no allowed folder; CFG_*, TRC_WRITE */
export async function newModel(ask: TeachAsk, parts: TeachOrderParts): Promise<Ordered> {
  const mask = ask.mask === null ? {} : { mask: await allowedPlace(ask.mask, parts.folders, 'mask') }
  return {
    order: {
      ...(await packed(ask, ask.id, undefined, parts)),
      from: null,
      remove: [],
      backbone: ask.backbone,
      options: optionsOf(ask),
      ...mask,
    },
    id: ask.id,
    good: ask.source,
    defects: ask.defects,
    of: null,
  }
}

/**
 * A taught model with other images, as a new version of its id.
 *
 * @throws MDL_UNKNOWN when no package has this model; TCH_DATA when it has no teach data, or its backbone
 *         is not installed; as `newModel`
 */
export async function nextModel(ask: TeachAgainAsk, parts: TeachOrderParts): Promise<Ordered> {
  const dirs = modelDirs(parts.environment)
  const packages = await findPackages(dirs, () => undefined)
  const old = pinnedPackage(packages, ask.from, dirs)
  if (!existsSync(teachDataDir(old.dir)))
    throw new CodedError('TCH_DATA', {
      path: 'from',
      expected: 'a model that was taught here, with its teach data beside it',
      actual: `${old.id} ${old.version} without any`,
      zh: {
        expected: '在本机示教、且示教数据仍在其旁的模型',
        actual: `${old.id} ${old.version} 没有示教数据`,
      },
    })
  const backbone = backboneOfHash(packages, await taughtBackbone(teachDataDir(old.dir)))
  return {
    order: {
      ...(await packed(ask, old.id, old.version, parts)),
      from: old.dir,
      remove: ask.remove,
      backbone: backbone.id,
      options: teachOptionsSchema.parse(limitsOf(ask)),
    },
    id: old.id,
    good: ask.add,
    defects: null,
    of: { version: old.version, sha256: old.sha256 },
  }
}

type Limits = Pick<TeachAsk, 'memoryMB' | 'timeLimitS'>

const limitsOf = ({ memoryMB, timeLimitS }: Limits) => ({
  memoryLimitBytes: memoryMB * 1_000_000,
  timeLimitS,
  threads: 1,
})

function optionsOf(ask: TeachAsk): TeachOptions {
  const { areaPx, turn, group, groupBy, confidence, method, bankSize, seed, include, exclude } = ask
  return teachOptionsSchema.parse({
    areaPx,
    turn,
    group,
    groupBy,
    confidence,
    method,
    bankSize,
    seed,
    include,
    exclude,
    threshold: goalOf(ask),
    ...limitsOf(ask),
  })
}

function goalOf({ recall, cost, falseCalls }: TeachAsk): TeachOptions['threshold'] {
  if (recall !== null) return { goal: 'recall', recall }
  if (cost === null) return { goal: 'false-calls', rate: falseCalls ?? 0.05 }
  const { escape, falseCall, defectShare } = cost
  return { goal: 'cost', escapeCost: escape, overkillCost: falseCall, defectShare }
}

/** Where the package goes, and how it is seen and signed. */
async function packed(
  { version: wanted, recipe }: Pick<TeachAsk, 'version' | 'recipe'>,
  id: string,
  after: string | undefined,
  { environment, recipesDir }: TeachOrderParts,
) {
  const version = await freeVersion(id, wanted, environment, { after, code: 'API_REQUEST' })
  return {
    good: [],
    defects: [],
    recipe: recipe === null ? null : { dir: recipesDir, id: recipe },
    id,
    version,
    outDir: join(taughtDir(environment), `${id}-${version}`),
    background: true,
    // What is taught here is trusted here, and nowhere else.
    ...(await signingKey({}, { ...environment, signingKey: null })),
  }
}
