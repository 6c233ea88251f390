import type { I18n } from '../../contracts/index.ts'
import type { WorkerSeat } from './worker-seat.ts'

export const workersDown = (down: number, all: number, why: I18n): I18n => ({
  en: `${down} of ${all} workers are down: ${why.en}`,
  zh: `${all} 个检测线程中有 ${down} 个停止:${why.zh}`,
})

export const threadsHang = (hung: number): I18n => ({
  en: `${hung} worker threads that were given up hang in native code, each on a core: restart the program soon`,
  zh: `${hung} 个已放弃的检测线程卡在本机代码中,各占一个核心:请尽快重启程序`,
})

/** By recipe why it does not run on the provider asked for; null = it does. */
export function lowerProvider(whys: readonly (string | null)[]): I18n | null {
  const why = whys.find((w) => w !== null)
  return why ? { en: why, zh: `模型未运行在首选推理后端上(${why})` } : null
}

/** Why no worker works. */
export function noWorkers(seats: readonly WorkerSeat[]): I18n {
  const down = seats.find((s) => s.state !== 'idle' && s.state !== 'busy' && s.lastError !== null)
  return down?.lastError ?? { en: 'starting', zh: '启动中' }
}
