import { jsonBody } from '../json-body.ts'
import type { OperatorPort } from '../ports.ts'
import { check, type Route } from '../route.ts'
import { forgetParams, operatorsSchema, signOnBodySchema } from '../schemas/operators.schema.ts'
import { changeGuard } from '../security.ts'

/** Who is signed on at the stations, for those who work there; what is kept of a person can be taken out again. */
export function operatorRoutes(port: OperatorPort): Route[] {
  return [
    {
      method: 'get',
      path: '/api/line/operators',
      role: 'operator',
      tag: 'line',
      summary: { zh: '各工位当前操作员', en: 'Who is signed on at each station' },
      response: operatorsSchema,
      run(_req, res) {
        res.set('Cache-Control', 'no-store').json(port.list())
        return Promise.resolve()
      },
    },
    {
      method: 'post',
      path: '/api/line/operator',
      role: 'operator',
      tag: 'line',
      summary: {
        zh: '操作员上岗或离岗(operator: null)',
        en: 'Signs an operator on at a station, or off (operator: null)',
      },
      body: signOnBodySchema,
      response: operatorsSchema,
      guards: [changeGuard, ...jsonBody(4)],
      async run(req, res) {
        const { station, operator } = check(signOnBodySchema, req.body, 'body')
        await port.signOn(station, operator)
        res.set('Cache-Control', 'no-store').json(port.list())
      },
    },
    {
      method: 'delete',
      path: '/api/line/operators/:ref',
      role: 'admin',
      tag: 'line',
      summary: {
        zh: '删除一个人的信息;日志中的代号保留,但不再指向任何人',
        en: 'Forgets a person: the reference in the log stays and stands for nobody',
      },
      params: forgetParams,
      response: operatorsSchema,
      guards: [changeGuard],
      async run(req, res) {
        const { ref } = check(forgetParams, req.params, 'path')
        await port.forget(ref)
        res.set('Cache-Control', 'no-store').json(port.list())
      },
    },
  ]
}
