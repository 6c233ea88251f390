import { createRequire } from 'node:module'
import { CodedError } from '../../contracts/index.ts'

interface Deletable {
  delete(): void
}

/** A matrix in wasm memory; `data` is a view that is void after the next allocation. */
interface Mat extends Deletable {
  readonly data: Uint8Array
  readonly data32F: Float32Array
  readonly rows: number
  readonly cols: number
}

/** The part of the library used here; its own typings say `any` for everything. */
interface Cv {
  readonly Mat: new (rows?: number, cols?: number, type?: number) => Mat
  readonly CV_8UC1: number
  readonly TM_CCOEFF_NORMED: number
  matchTemplate(image: Mat, patch: Mat, result: Mat, method: number, mask: Mat): void
  exceptionFromPtr(address: number): { msg: string }
}

let loaded: Cv | null = null

/**
 * opencv-wasm, loaded when a recipe first needs it. Its start-up code installs process listeners that would turn any
 * unhandled rejection of the program into an abort (opencv/opencv#21481); they are taken off again.
 * The object is thenable: never return it from an async function.
 */
function openCv(): Cv {
  if (loaded) return loaded
  const events = ['unhandledRejection', 'uncaughtException'] as const
  const before = new Map(events.map((e) => [e, new Set<unknown>(process.rawListeners(e))]))
  const { cv } = createRequire(import.meta.url)('opencv-wasm') as { cv: Cv }
  for (const event of events) {
    for (const listener of process.rawListeners(event)) {
      if (!before.get(event)?.has(listener))
        process.removeListener(event, listener as (...args: unknown[]) => void)
    }
  }
  loaded = cv
  return cv
}

/** Loads the library now, so that the first part does not wait for it. */
export const warmOpenCv = (): void => void openCv()

/**
 * Runs `work` with the library; everything given to `keep` is freed afterwards, since wasm memory is not collected.
 *
 * @throws INS_TOOL with OpenCV's own message: the library throws addresses of exceptions
 */
export function withOpenCv<T>(work: (cv: Cv, keep: <D extends Deletable>(object: D) => D) => T): T {
  const cv = openCv()
  const kept: Deletable[] = []
  try {
    return work(cv, (object) => {
      kept.push(object)
      return object
    })
  } catch (error) {
    if (typeof error === 'number')
      throw new CodedError('INS_TOOL', { actual: cv.exceptionFromPtr(error).msg.trim() })
    throw error
  } finally {
    for (const object of kept.reverse()) object.delete()
  }
}
