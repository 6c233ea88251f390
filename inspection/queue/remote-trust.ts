import { type I18n, monoMs } from '../../contracts/index.ts'
import type { Refusal } from './queued-result.ts'

/** Why a frame that was sent to the workers had to be judged here. */
export type Miss = Refusal | 'silent' | 'unsent' | 'failed'

const HERE: I18n = { en: 'judging on this machine only', zh: '仅在本机判定' }

const TEXTS: Record<Miss | 'late', I18n> = {
  silent: { en: 'the connected inspection workers do not answer', zh: '已连接的检测主机没有应答' },
  late: { en: 'the inspection workers answer too late', zh: '检测主机应答过晚' },
  recipe: {
    en: 'the inspection workers do not have the recipe as it is here',
    zh: '检测主机没有与本机相同的配方',
  },
  package: {
    en: 'the inspection workers have a model package of another meaning (labels, inputs or family)',
    zh: '检测主机的模型包含义不同(标签、输入或类别)',
  },
  canary: { en: 'the inspection workers judge their canaries wrong', zh: '检测主机对金丝雀图像判定错误' },
  expired: { en: 'the inspection workers take frames too late', zh: '检测主机取帧过晚' },
  unjudged: { en: 'the inspection workers cannot judge', zh: '检测主机无法判定' },
  unsent: { en: 'Redis does not take the frames', zh: 'Redis 不接收图像' },
  failed: { en: 'frames fail at the inspection workers', zh: '检测主机处理图像失败' },
}

/** So many frames in a row without an answer are no longer the loss of one worker among several. */
const ENOUGH = 3

/** While the workers are not trusted, a frame goes to them this long after the last that was missed, as a probe, ms. */
const PROBE_MS = 2_000

/** A sound of a worker so shortly before a silence says that it lives and is late, ms. */
const SOUND_MS = 2_000

/**
 * Whether the workers that are connected do their work, told by their answers alone: a host that lost its power stays
 * "connected" in Redis for minutes.
 */
export class RemoteTrust {
  #misses = 0
  #why: I18n | null = null
  #probedMs = -Infinity
  #soundMs = -Infinity

  /** Null while they answer. */
  get distrust(): I18n | null {
    return this.#why
  }

  /** Whether the next frame goes to the workers; the caller then sends it. */
  mayAsk(): boolean {
    const now = monoMs()
    if (this.#why !== null && now - this.#probedMs < PROBE_MS) return false
    this.#probedMs = now
    return true
  }

  /** An answer decided about a frame. True when that ends a time of distrust. */
  answered(): boolean {
    const back = this.#why !== null
    this.reset()
    return back
  }

  /** A worker made a sound, though too late for its frame. */
  heard(): void {
    this.#soundMs = monoMs()
  }

  /** A frame was judged here in their place. True when they are not trusted any more from now on. */
  missed(why: Miss): boolean {
    this.#misses += 1
    this.#probedMs = monoMs()
    if (this.#misses < ENOUGH) return false
    const before = this.#why
    const alive = why === 'silent' && monoMs() - this.#soundMs < SOUND_MS
    const { en, zh } = TEXTS[alive ? 'late' : why]
    this.#why = { en: `${en}: ${HERE.en}`, zh: `${zh}:${HERE.zh}` }
    return before === null
  }

  /** Forgets the past: other workers, or none. */
  reset(): void {
    this.#misses = 0
    this.#why = null
  }
}
