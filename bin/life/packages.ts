import { existsSync } from 'node:fs'
import { asCoded, modelPins, toFact } from '../../contracts/index.ts'
import type { RegisteredModel } from '../../dashboard/index.ts'
import type { LoadedRecipe } from '../../inspection/index.ts'
import { findPackages, teachDataDir, verifyPackage } from '../../models/index.ts'
import type { Environment } from '../setup/environment.ts'
import { modelDirs, trustedKeys } from '../setup/models.ts'

/** Every package this line could pin, with what is wrong with the broken ones. Runs no model. */
export async function modelPackages(
  environment: Environment,
  active: ReadonlyMap<string, LoadedRecipe>,
): Promise<RegisteredModel[]> {
  const keys = await trustedKeys(environment)
  const rows: RegisteredModel[] = []
  const found = await findPackages(modelDirs(environment), ({ dir, error }) =>
    rows.push({ ...NOTHING, dir, error: toFact(error) }),
  )
  for (const { dir, id, version, sha256, card } of found) {
    const inForce = [...active]
      .filter(([, { recipe }]) => recipe.tools.flatMap(modelPins).some((pin) => pin.sha256 === sha256))
      .map(([station, { id: recipe }]) => ({ station, recipe }))
    const base = {
      dir,
      id,
      version,
      title: card.title,
      family: card.spec.family,
      sha256,
      licence: card.licence,
      lineage: card.trainingData,
      threshold: card.threshold,
      taught: existsSync(teachDataDir(dir)),
      metrics: card.metrics,
      inForce,
      reproduced: inForce.length > 0,
    }
    rows.push(
      await verifyPackage(dir, keys).then(
        (p): RegisteredModel => ({
          ...base,
          signedBy: p.manifest.keyId,
          goldenVectors: p.golden.length,
          error: null,
        }),
        (error: unknown): RegisteredModel => ({
          ...base,
          signedBy: null,
          goldenVectors: 0,
          error: toFact(asCoded(error, 'MDL_PACKAGE', { file: dir })),
        }),
      ),
    )
  }
  return rows
}

const NOTHING: Omit<RegisteredModel, 'dir' | 'error'> = {
  id: null,
  version: null,
  title: null,
  family: null,
  sha256: null,
  licence: null,
  signedBy: null,
  lineage: [],
  threshold: null,
  taught: false,
  metrics: {},
  goldenVectors: 0,
  reproduced: false,
  inForce: [],
}
