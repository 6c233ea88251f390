import { dirname, resolve } from 'node:path'
import { type ErrorFact, errorText, type LineSpec } from '../contracts/index.ts'
import type { LineState } from '../dashboard/index.ts'
import { type LogProof, startLogProof } from '../traceability/index.ts'
import type { LineConfig } from './config.ts'
import { log } from './log.ts'

/** Starts signing the log, unless the line file says not to. Files it names are relative to it. */
export async function openProof({ spec, file, dataDir }: LineConfig): Promise<LogProof | null> {
  if (!spec.proof.enabled) return null
  const beside = (path: string): string => resolve(dirname(resolve(file)), path)
  const { keyFile, anchors } = spec.proof
  const proof = await startLogProof({
    dataDir,
    spec: {
      ...spec.proof,
      ...(keyFile === undefined ? {} : { keyFile: beside(keyFile) }),
      anchors: anchors.map((a) => ('file' in a ? { ...a, file: beside(a.file) } : a)),
    },
    fallbackOrigin: originOf(spec),
    onAlarm: ({ code, message }: ErrorFact) => log.error({ code }, message),
  })
  const { origin, vkey } = proof.state()
  log.info({ origin, key: vkey }, 'the event log is signed; note its public key elsewhere')
  return proof
}

const originOf = (spec: LineSpec): string => `sightline/${spec.plant}/${spec.line}`

/** What is wrong with the proof, as the dashboard shows it. */
export function proofModes(proof: LogProof | null): LineState['degraded'] {
  const state = proof?.state()
  if (state === undefined) return []
  const fault = state.fault
  return [
    ...(fault === null
      ? []
      : [
          {
            id: 'proof',
            text: {
              en: `The event log is not signed any more: ${errorText(fault).en}`,
              zh: `事件日志已停止签名:${errorText(fault).zh}`,
            },
          },
        ]),
    ...(state.setAside === null ? [] : [{ id: 'proof-checkpoint', text: errorText(state.setAside) }]),
    ...state.unreachable.map(({ name, reason }) => ({
      id: `proof-${name}`,
      text: { en: `No answer from ${name}: ${reason}`, zh: `${name} 无应答:${reason}` },
    })),
  ]
}
