import { errorText, type ErrorFact } from '../../../contracts/index.ts'
import { wrongKeyHint } from '../../../traceability/query/index.ts'
import { notFound } from '../errors.ts'
import type { ProofPort } from '../ports.ts'
import { check, jsonRoute, type Route } from '../route.ts'
import { inclusionSchema, proofStateSchema } from '../schemas/proof.schema.ts'
import { z } from '../zod.ts'

const bySerial = z.strictObject({ serial: z.string().min(1).max(512, 'at most 512 characters') })
const withText = (fact: ErrorFact | null) => (fact === null ? null : { ...fact, text: errorText(fact) })

/** How far the log is signed, that an event is in it, and the evidence about a part to take along. */
export function proofRoutes(proof: ProofPort): Route[] {
  return [
    jsonRoute({
      path: '/api/proof',
      tag: 'proof',
      summary: {
        zh: '日志存证现状:检查点、见证签名、异常',
        en: 'Proof of the log: newest checkpoint, cosignatures of witnesses, what is wrong with it',
      },
      response: proofStateSchema,
      handle() {
        const state = proof.state()
        if (state === null) throw notFound('a line that signs its log', 'proof.enabled: false')
        const { fault, clock, setAside, forgot } = state
        return {
          ...state,
          fault: withText(fault),
          clock: withText(clock),
          setAside: withText(setAside),
          forgot: withText(forgot),
        }
      },
    }),
    jsonRoute({
      path: '/api/parts/:serial/proof',
      tag: 'proof',
      summary: {
        zh: '一个工件全部事件的包含证明,由服务器当场验证',
        en: 'Inclusion proofs of all events about a part, verified by the server just now',
      },
      params: bySerial,
      response: inclusionSchema,
      async handle({ params: { serial } }) {
        const found = await proof.partProof(serial)
        if (found === null) throw notFound('the serial of an inspected part', serial, wrongKeyHint(serial))
        return found
      },
    }),
    jsonRoute({
      path: '/api/events/:position/proof',
      tag: 'proof',
      summary: {
        zh: '日志中一个事件的包含证明,由服务器当场验证',
        en: 'Inclusion proof of one event of the log, verified by the server just now',
      },
      params: z.strictObject({
        position: z
          .string()
          .regex(/^[1-9]\d{0,14}$/, 'a position of the log, from 1')
          .transform(Number),
      }),
      response: inclusionSchema,
      async handle({ params: { position } }) {
        const found = await proof.eventProof(position)
        if (found.events.length === 0) throw notFound('the position of an event', String(position))
        return found
      },
    }),
    {
      method: 'get',
      path: '/api/parts/:serial/bundle',
      tag: 'proof',
      summary: {
        zh: '一个工件的证据包(事件、证明、图像),可用 sightline verify 离线验证',
        en: 'Evidence bundle of one part (events, proofs, images), which `sightline verify` checks anywhere',
      },
      params: bySerial,
      response: z.looseObject({ format: z.literal('sightline-bundle@2') }),
      async run(req, res) {
        const { serial } = check(bySerial, req.params, 'path')
        const text = await proof.partBundle(serial)
        res.set('Cache-Control', 'no-store').attachment(`${fileName(serial)}.bundle.json`)
        // Not sent: for its ETag all of it would be hashed on this thread.
        res.type('application/json').end(text)
      },
    },
  ]
}

/** What every file system takes. */
const fileName = (serial: string): string => serial.replaceAll(/[^A-Za-z0-9._-]+/g, '_').slice(-80) || 'part'
