import type { InferenceSession } from 'onnxruntime-node'
import { CodedError, asCoded, inNative, inNativeUntil } from '../../contracts/thread.ts'
import { ort } from './onnxruntime.ts'

export interface SessionRequest {
  /** In order of preference, e.g. `['tensorrt', 'cuda', 'cpu']`; nothing else is ever tried. */
  providers: readonly string[]
  intraOpThreads: number
}

export interface CreatedSession {
  session: InferenceSession
  provider: string
  /** Why a lower provider than the first runs; null when the first one does. */
  degraded: string | null
}

// what fails is thrown and reported with its code; the native log would repeat it on stderr, past the line's log
ort.env.logLevel = 'fatal'
const LOG_FATAL = 4

function create(model: Uint8Array, provider: string, intraOpThreads: number): Promise<InferenceSession> {
  const options: InferenceSession.SessionOptions = {
    executionProviders: [provider],
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    intraOpNumThreads: intraOpThreads,
    interOpNumThreads: 1,
    logSeverityLevel: LOG_FATAL,
    // idle threads that spin would take the cores of the other inference workers
    ...(intraOpThreads > 1 ? { extra: { session: { intra_op: { allow_spinning: '0' } } } } : {}),
  }
  return inNativeUntil(() => ort.InferenceSession.create(model, options))
}

/** Execution providers that this build of onnxruntime knows; whether the libraries of each are there shows when it is used. */
export const listProviders = (): string[] => inNative(() => ort.listSupportedBackends()).map((b) => b.name)

/**
 * Creates a session on the first provider that works. Each is tried alone, because onnxruntime throws for a list
 * whose first library is missing instead of falling back.
 *
 * @throws MDL_LOAD when the CPU cannot load the model either: the model is at fault; MDL_PROVIDER when only the
 *         providers of the list cannot
 */
export async function createSession(model: Uint8Array, request: SessionRequest): Promise<CreatedSession> {
  const failures: string[] = []
  for (const provider of request.providers) {
    try {
      const session = await create(model, provider, request.intraOpThreads)
      const first = request.providers[0] ?? provider
      const degraded =
        provider === first ? null : `asked for ${first}, running on ${provider} (${failures.join('; ')})`
      return { session, provider, degraded }
    } catch (error) {
      if (provider === 'cpu') throw notLoadable(error)
      failures.push(`${provider}: ${firstLine(error)}`)
    }
  }
  if (request.providers.length > 0) await probeOnCpu(model)
  throw new CodedError('MDL_PROVIDER', {
    expected: `a working provider of [${request.providers.join(', ')}]`,
    actual: failures.join('; ') || 'an empty list',
    hint: 'install the libraries of the provider, or add cpu to the list',
  })
}

/** Tells a broken model from a missing provider. */
async function probeOnCpu(model: Uint8Array): Promise<void> {
  const session = await create(model, 'cpu', 1).catch((error: unknown) => {
    throw notLoadable(error)
  })
  await inNativeUntil(() => session.release())
}

const notLoadable = (error: unknown): CodedError =>
  asCoded(error, 'MDL_LOAD', {
    expected: 'a model onnxruntime can load',
    actual: firstLine(error),
    hint: 'check that the file is whole and its operator set is supported',
  })

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? ''
