import { type I18n, monoMs, type DegradedMode } from '../../contracts/index.ts'
import type { Refusal } from './queued-result.ts'

/** Frames in a row that a host sends back before it is named: one may come behind a change of recipes. */
const ENOUGH = 3
/** A host of which nothing was heard for so long is gone, or another one under another name, ms. */
const FORGET_MS = 600_000

/** Frames that come too late say nothing of the host alone. */
const WHY: Record<Exclude<Refusal, 'expired'>, I18n> = {
  recipe: { en: 'it does not have the recipe as it is here', zh: '其配方与本机不同' },
  package: {
    en: 'its model package has another meaning (labels, inputs or family) than here',
    zh: '其模型包含义与本机不同(标签、输入或类别)',
  },
  canary: { en: 'it judges its canaries wrong', zh: '其金丝雀图像判定错误' },
  unjudged: { en: 'it cannot judge them', zh: '其无法判定' },
}

/** What the queue works without while it works: hosts that are of no use beside good ones, a Redis that throws away. */
export class QueueNotices {
  readonly #hosts = new Map<string, { why: keyof typeof WHY; times: number; atMs: number }>()
  /** The policy by which Redis throws away what waits; null = it does not. */
  eviction: string | null = null

  /** @returns what is to be said of the host from now on, null = nothing new */
  refused(worker: string, why: Refusal): DegradedMode | null {
    if (why === 'expired') return null
    const times = (this.#hosts.get(worker)?.times ?? 0) + 1
    this.#hosts.set(worker, { why, times, atMs: monoMs() })
    return times === ENOUGH ? noticeOf(worker, why) : null
  }

  /** @param by worker host, and its thread behind the last slash */
  judged(by: string): void {
    this.#hosts.delete(by.slice(0, by.lastIndexOf('/')))
  }

  list(): DegradedMode[] {
    const notices: DegradedMode[] = []
    for (const [worker, { why, times, atMs }] of this.#hosts)
      if (monoMs() - atMs > FORGET_MS) this.#hosts.delete(worker)
      else if (times >= ENOUGH) notices.push(noticeOf(worker, why))
    if (this.eviction !== null)
      notices.push({
        id: 'redis-eviction',
        text: {
          en: `Redis may throw frames and jobs away that wait (maxmemory-policy ${this.eviction}): set noeviction`,
          zh: `Redis 可能丢弃等待中的图像和任务(maxmemory-policy ${this.eviction}):请设为 noeviction`,
        },
      })
    return notices
  }
}

const noticeOf = (worker: string, why: keyof typeof WHY): DegradedMode => ({
  id: `worker-${worker}`,
  text: {
    en: `worker host ${worker} sends its frames back: ${WHY[why].en}`,
    zh: `检测主机 ${worker} 退回图像:${WHY[why].zh}`,
  },
})
