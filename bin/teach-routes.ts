import { z } from 'zod'
import type { ModuleHandler } from '../dashboard/index.ts'
import { empty, endpoint } from '../scenarios/index.ts'
import { teachAskSchema } from './teach-ask.ts'
import type { TeachRuns } from './teach-runs.ts'

/** Teaching from the pages: what runs, what came of it, and the way to begin and to end one. */
export function teachRoutes(runs: TeachRuns): ModuleHandler[] {
  return [
    endpoint({
      method: 'GET',
      path: '/api/life/teach',
      title: {
        zh: '示教:进行中的与最近的结果',
        en: 'Teaching: the one that runs with its progress, the last ones with their reports',
      },
      role: 'viewer',
      query: empty,
      body: z.unknown(),
      work: () => runs.state(),
    }),
    endpoint({
      method: 'POST',
      path: '/api/life/teach/estimate',
      title: {
        zh: '示教估算:所需时间与内存',
        en: 'What a teaching would take, measured here; makes nothing',
      },
      role: 'qa',
      query: empty,
      body: teachAskSchema,
      work: ({ body }) => runs.estimate(body),
    }),
    endpoint({
      method: 'POST',
      path: '/api/life/teach',
      title: {
        zh: '用良品图像示教模型',
        en: 'Teach a model from good images, one at a time, beside the line',
      },
      role: 'qa',
      query: empty,
      body: teachAskSchema,
      work: ({ body }) => runs.start(body),
    }),
    endpoint({
      method: 'POST',
      path: '/api/life/teach/cancel',
      title: { zh: '取消示教', en: 'Cancel the teaching that runs; nothing is left of it' },
      role: 'qa',
      query: empty,
      body: z.strictObject({ id: z.uuid() }),
      work: ({ body }) => runs.cancel(body.id),
    }),
  ]
}
