import { createHash } from 'node:crypto'
import { hostname } from 'node:os'
import { asCoded, canonicalJson, CodedError, modelPins } from '../../contracts/index.ts'
import { loadRecipe } from '../../inspection/index.ts'
import { findPackages, meaning, type PackageInfo, packageNamed, pinnedPackage } from '../../models/index.ts'
import type { Environment } from '../setup/environment.ts'
import { modelDirs } from '../setup/models.ts'

export type RecipePlace = { dir: string; id: string }

/** What a recipe or a bare model is on one host: the same name may stand for another one elsewhere. */
export interface Judge {
  name: string
  /** Packages with versions and hashes, for people. */
  packages: string
  /** SHA-256 of the recipe; null = a bare model judges. */
  recipe: string | null
  /** SHA-256 of networks and what their cards mean; null = this host lacks one, which others may have. */
  models: string | null
}

/** What judges a data set for which neither recipe nor model is named. */
const DEFAULT_MODEL: Record<string, string> = { deeppcb: 'pcb-pair' }

/** @throws CFG_USAGE when neither is named and the layout of the set has no model of its own */
export function judgingModel({ model }: { model?: string }, format: string): string {
  const wanted = model ?? DEFAULT_MODEL[format]
  if (wanted === undefined)
    throw new CodedError('CFG_USAGE', { expected: '--recipe or --model', actual: 'neither' })
  return wanted
}

/**
 * What would judge here; null where this host has no such recipe or model, which others may have.
 *
 * @throws MDL_PACKAGE when packages here contradict each other; what is wrong with the recipe
 */
export async function judgeHere(
  asked: { recipe?: RecipePlace; model?: string },
  format: string,
  environment: Environment,
): Promise<Judge | null> {
  const dirs = modelDirs(environment)
  if (asked.recipe === undefined) {
    const name = judgingModel(asked, format)
    const model = await unlessMissing(() => packageNamed(dirs, name))
    return model && judge(name, null, [model])
  }
  const { dir, id } = asked.recipe
  const loaded = await unlessMissing(() => loadRecipe(dir, id))
  if (loaded === null) return null
  const there = await findPackages(dirs, () => undefined)
  const packages = await unlessMissing(() =>
    loaded.recipe.tools.flatMap(modelPins).map((pin) => pinnedPackage(there, pin, dirs)),
  )
  return judge(id, loaded.sha256, packages)
}

async function unlessMissing<T>(find: () => T | Promise<T>): Promise<T | null> {
  try {
    return await find()
  } catch (error) {
    if (['CFG_MISSING_FILE', 'MDL_UNKNOWN'].includes(asCoded(error, 'API_INTERNAL').code)) return null
    throw error
  }
}

function judge(name: string, recipe: string | null, packages: readonly PackageInfo[] | null): Judge {
  const facts = packages?.map((p) => [p.sha256, meaning(p.card)])
  return {
    name,
    packages: [
      ...(recipe === null ? [] : [`recipe ${recipe.slice(0, 12)}`]),
      ...(packages ?? []).map(
        (p) => `${p.id} ${p.version} (network ${p.sha256.slice(0, 12)}, card ${p.cardSha256.slice(0, 12)})`,
      ),
    ].join(', '),
    recipe,
    models: facts ? createHash('sha256').update(canonicalJson(facts)).digest('hex') : null,
  }
}

/**
 * Numbers of another recipe, network or meaning than the sender has would be taken for those of its own.
 *
 * @param sent what the sender has, null = nothing by that name
 * @throws MDL_PACKAGE
 */
export function sameJudge(sent: Judge | null, here: Judge | null): void {
  if (sent === null || here === null) return
  const models = sent.models === null || here.models === null || sent.models === here.models
  if (sent.recipe === here.recipe && models) return
  throw new CodedError('MDL_PACKAGE', {
    path: sent.name,
    expected: `${sent.packages}, as where the evaluation was ordered`,
    actual: `${here.packages} on host ${hostname()}`,
    hint: 'put the same recipe and packages (network, labels, inputs, family) on both hosts, or evaluate without --queue',
  })
}
