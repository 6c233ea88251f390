import { z } from 'zod'
import type { ModuleHandler } from '../../dashboard/index.ts'
import { empty, endpoint } from '../../scenarios/index.ts'
import { teachAgainSchema, teachAskSchema } from './ask.ts'
import type { TeachRuns } from './runs.ts'

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
        zh: '用良品图像示教模型,可附缺陷图像以定阈值',
        en: 'Teach a model from good images, with defective ones for the threshold where there are; one at a time, beside the line',
      },
      role: 'qa',
      query: empty,
      body: teachAskSchema,
      work: ({ body }) => runs.start(body),
    }),
    endpoint({
      method: 'POST',
      path: '/api/life/teach/again',
      title: {
        zh: '为已示教的模型增减良品图像,生成新版本',
        en: 'A new version of a taught model with good images added or taken out; its settings stay, no station changes over',
      },
      role: 'qa',
      query: empty,
      body: teachAgainSchema,
      work: ({ body }) => runs.again(body),
    }),
    endpoint({
      method: 'GET',
      path: '/api/life/teach/picture',
      title: {
        zh: '示教所用图像的缩略图(data: URL)',
        en: 'An image that a teaching used, small, as a data: URL, by its name in the report',
      },
      role: 'viewer',
      query: z.strictObject({ run: z.uuid(), name: z.string().min(1).max(512) }),
      body: z.unknown(),
      work: ({ query: { run, name } }) => runs.picture(run, name),
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
