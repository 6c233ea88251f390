import { dirname, resolve } from 'node:path'
import { type ErrorFact, errorText, type I18n, type LineSpec } from '../../contracts/index.ts'
import type { LineState, ProofPort } from '../../dashboard/index.ts'
import { type LogProof, startLogProof } from '../../traceability/index.ts'
import type { Questions } from '../../traceability/query/index.ts'
import type { LineConfig } from './config.ts'
import { log } from '../setup/log.ts'

/** Starts signing the log, unless the line file says not to. Files it names are relative to it. */
export async function openProof({ spec, file, dataDir }: LineConfig): Promise<LogProof | null> {
  if (!spec.proof.enabled) return null
  const beside = (path: string): string => besideFile(file, path)
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
  const { origin, vkey, fault } = proof.state()
  const other = begunByOther(spec, origin)
  if (other) log.warn({ origin, line: originOf(spec) }, other.en)
  // One that has no key to sign with has said so.
  if (fault === null)
    log.info({ origin, key: vkey }, 'the event log is signed; note its public key elsewhere')
  return proof
}

const besideFile = (file: string, path: string): string => resolve(dirname(resolve(file)), path)

/** What the pages ask about the proof; null in `state` where the line file says not to sign. */
export function proofPort({ spec, file }: LineConfig, proof: LogProof | null, asked: Questions): ProofPort {
  const { keyFile } = spec.proof
  const key = keyFile === undefined ? null : besideFile(file, keyFile)
  return {
    state: () => proof?.state() ?? null,
    partProof: (serial) => asked.partProof(serial),
    eventProof: (position) => asked.eventProof(position),
    partBundle: (serial) => asked.partBundle(serial, key),
  }
}

const originOf = (spec: LineSpec): string => `sightline/${spec.plant}/${spec.line}`

/** A directory that another line began: its triggers and serials would go on as those of this one. Null where it is its own. */
function begunByOther(spec: LineSpec, origin: string): I18n | null {
  const own = originOf(spec)
  if (spec.proof.origin !== undefined || origin === own) return null
  return {
    en: `The data directory was begun by ${origin}, this line is ${own}: give it a directory of its own (data.dir); where the line was renamed, say proof: { origin: ${origin} }`,
    zh: `数据目录由 ${origin} 建立,而本产线是 ${own}:请为本产线指定自己的目录(data.dir);如果只是产线改名,请写明 proof: { origin: ${origin} }`,
  }
}

/** What is wrong with the proof, as the dashboard shows it. */
export function proofModes(spec: LineSpec, proof: LogProof | null): LineState['degraded'] {
  const state = proof?.state()
  if (state === undefined) return []
  const fault = state.fault
  const other = begunByOther(spec, state.origin)
  return [
    ...(other === null ? [] : [{ id: 'other-line', text: other }]),
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
    ...(state.clock === null ? [] : [{ id: 'clock', text: errorText(state.clock) }]),
    ...(state.forgot === null ? [] : [{ id: 'proof-forgot', text: errorText(state.forgot) }]),
    ...(state.setAside === null ? [] : [{ id: 'proof-checkpoint', text: errorText(state.setAside) }]),
    ...state.unreachable.map(({ name, reason }) => ({
      id: `proof-${name}`,
      text: { en: `No answer from ${name}: ${reason}`, zh: `${name} 无应答:${reason}` },
    })),
  ]
}
