import { asCoded, type CodedError, type ModelPin } from '../../contracts/index.ts'
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
 * The models of one thread, opened once by pin and shared by its recipes: creating and releasing sessions over and
 * over leaks (microsoft/onnxruntime#25325), so a changeover between recipes of one model keeps its session.
 */
export class ModelShelf {
  readonly #setup: ModelSetup
  readonly #open = new Map<string, { users: number; runner: Promise<ModelRunner> }>()

  constructor(setup: ModelSetup) {
    this.#setup = setup
  }

  /** @throws MDL_UNKNOWN when no package has this id and these hashes; MDL_* when it cannot be loaded */
  async take(pin: ModelPin): Promise<ModelRunner> {
    const key = keyOf(pin)
    let entry = this.#open.get(key)
    if (!entry) {
      entry = { users: 0, runner: this.#load(pin) }
      this.#open.set(key, entry)
      entry.runner.catch(() => this.#open.delete(key))
    }
    entry.users++
    return entry.runner
  }

  /** Gives a model back; the last user closes it. */
  async release(pin: ModelPin): Promise<void> {
    const entry = this.#open.get(keyOf(pin))
    if (!entry || --entry.users > 0) return
    this.#open.delete(keyOf(pin))
    await (await entry.runner).close()
  }

  async #load(pin: ModelPin): Promise<ModelRunner> {
    const { modelDirs, providers, trustedKeys, intraOpThreads } = this.#setup
    const broken: CodedError[] = []
    const packages = await findPackages(modelDirs, (b) => broken.push(b.error))
    try {
      const { dir } = pinnedPackage(packages, pin, modelDirs)
      return await loadModel(dir, { providers: [...providers], trustedKeys, intraOpThreads })
    } catch (error) {
      // A package that cannot even be listed may be the one asked for; its own fault says more than "unknown".
      throw packages.some((p) => p.id === pin.id) ? error : (broken[0] ?? asCoded(error, 'MDL_LOAD'))
    }
  }
}

/** Two packages may share a network and differ in what it means. */
const keyOf = ({ id, sha256, cardSha256 = '' }: ModelPin): string => [id, sha256, cardSha256].join(' ')
