import { CodedError } from '../contracts/index.ts'
import { adapterFor } from './adapters/registry.ts'
import type { TrustedKeys } from './package/keys.ts'
import { verifyPackage } from './package/verify.ts'
import type { VerifiedPackage } from './package/verify.ts'
import { createRunner } from './runner.ts'
import type { ModelRunner, OpenModel } from './runner.ts'
import { openSession } from './runtime/ort-session.ts'

export interface LoadOptions {
  /** Execution providers in order of preference. */
  providers: string[]
  trustedKeys: TrustedKeys
  intraOpThreads: number
  /** Only for a package this process has loaded before: the golden vectors are not replayed again. */
  skipGolden?: boolean
}

/**
 * Verifies a package, opens it and replays its golden vectors. Blocks its thread: call it from a worker.
 *
 * @throws what `verifyPackage` throws; MDL_LOAD, MDL_PROVIDER; MDL_PACKAGE when card and graph disagree;
 *         MDL_GOLDEN with the worst difference
 */
export async function loadModel(dir: string, options: LoadOptions): Promise<ModelRunner> {
  return openVerified(await verifyPackage(dir, options.trustedKeys), options)
}

export async function openVerified(
  pkg: VerifiedPackage,
  options: Omit<LoadOptions, 'trustedKeys'>,
): Promise<ModelRunner> {
  const session = await openSession(pkg.model, options)
  try {
    const open = createRunner(pkg.card, pkg.sha256, session)
    if (options.skipGolden !== true) await replayGolden(pkg, open)
    return open.runner
  } catch (error) {
    await session.close()
    throw error
  }
}

async function replayGolden(pkg: VerifiedPackage, { forward, runner }: OpenModel): Promise<void> {
  const adapter = adapterFor(pkg.card.spec)
  for (const vector of pkg.golden) {
    const { raw } = await forward(vector)
    const worst = adapter.difference(vector.outputs, raw, pkg.card.golden)
    if (worst === null) continue
    const { atol, rtol } = pkg.card.golden
    throw new CodedError('MDL_GOLDEN', {
      file: `${pkg.dir}/${vector.name}`,
      path: worst.where,
      expected: `${worst.want} within ${atol} + ${rtol} x |value|`,
      actual: `${worst.got}, off by ${worst.difference}, on ${runner.provider}`,
      hint: 'do not use the model on this machine before the difference is explained',
    })
  }
}
