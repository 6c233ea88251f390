import { asCoded, type CodedError } from '../../contracts/index.ts'
import { findPackages, loadModel, type ModelRunner, pinnedPackage } from '../../models/index.ts'

export interface ModelSetup {
  /** Folders whose sub-folders are model packages. */
  modelDirs: readonly string[]
  /** Execution providers in order of preference. */
  providers: readonly string[]
  /** Key id → Ed25519 public key. */
  trustedKeys: Record<string, string>
  intraOpThreads: number
}

/**
 * The models of one thread, opened once by hash and shared by its recipes: creating and releasing sessions over and
 * over leaks (microsoft/onnxruntime#25325), so a changeover between recipes of one model keeps its session.
 */
export class ModelShelf {
  readonly #setup: ModelSetup
  readonly #open = new Map<string, { users: number; runner: Promise<ModelRunner> }>()

  constructor(setup: ModelSetup) {
    this.#setup = setup
  }

  /** @throws MDL_UNKNOWN when no package has this id and hash; MDL_* when it cannot be loaded */
  async take(id: string, sha256: string): Promise<ModelRunner> {
    let entry = this.#open.get(sha256)
    if (!entry) {
      entry = { users: 0, runner: this.#load(id, sha256) }
      this.#open.set(sha256, entry)
      entry.runner.catch(() => this.#open.delete(sha256))
    }
    entry.users++
    return entry.runner
  }

  /** Gives a model back; the last user closes it. */
  async release(sha256: string): Promise<void> {
    const entry = this.#open.get(sha256)
    if (!entry || --entry.users > 0) return
    this.#open.delete(sha256)
    await (await entry.runner).close()
  }

  async #load(id: string, sha256: string): Promise<ModelRunner> {
    const { modelDirs, providers, trustedKeys, intraOpThreads } = this.#setup
    const broken: CodedError[] = []
    const packages = await findPackages(modelDirs, (b) => broken.push(b.error))
    try {
      const { dir } = pinnedPackage(packages, id, sha256, modelDirs)
      return await loadModel(dir, { providers: [...providers], trustedKeys, intraOpThreads })
    } catch (error) {
      // A package that cannot even be listed may be the one asked for; its own fault says more than "unknown".
      throw packages.some((p) => p.id === id) ? error : (broken[0] ?? asCoded(error, 'MDL_LOAD'))
    }
  }
}
