import type { ErrorRequestHandler, RequestHandler } from 'express'
import { asCoded, CodedError, type ErrorDetail, errorText, httpStatus } from '../../contracts/index.ts'
import type { DashboardLog } from './ports.ts'

/** @param zh the words in Chinese */
export const badRequest = (
  expected: string,
  actual: string,
  path?: string,
  zh?: ErrorDetail['zh'],
): CodedError =>
  new CodedError('API_REQUEST', {
    expected,
    actual,
    ...(path === undefined ? {} : { path }),
    ...(zh === undefined ? {} : { zh }),
  })

/** @param zh what was expected, in Chinese */
export const notFound = (expected: string, actual: string, hint?: string, zh?: string): CodedError =>
  new CodedError('API_NOT_FOUND', {
    expected,
    actual,
    ...(hint === undefined ? {} : { hint }),
    ...(zh === undefined ? {} : { zh: { expected: zh } }),
  })

/** Any path that nothing answers, where no page does either. */
export const unknownPath: RequestHandler = (req) => {
  throw notFound('a path listed in /openapi.json', `${req.method} ${req.baseUrl}${req.path}`)
}

/** Every failure leaves as `{ code, message, zh }`, the message in English and in Chinese; what is not the caller's fault is also logged with its cause. */
export function errorHandler(log: DashboardLog): ErrorRequestHandler {
  return (error: unknown, req, res, next) => {
    const coded = fromExpress(error) ?? asCoded(error, 'API_INTERNAL')
    const status = coded.code === 'API_REQUEST' ? statusOf(error, 400) : httpStatus(coded.code)
    if (status >= 500)
      log.error({ err: error, method: req.method, path: req.path, code: coded.code }, 'request failed')
    if (res.headersSent) {
      next(error)
      return
    }
    res
      .status(status)
      .set('Cache-Control', 'no-store')
      .json({ code: coded.code, message: coded.message, zh: errorText(coded).zh })
  }
}

/** Express throws http-errors: a malformed path is the caller's fault. */
function fromExpress(error: unknown): CodedError | null {
  if (error instanceof CodedError) return null
  const status = statusOf(error, 500)
  if (status < 400 || status > 499) return null
  const found = error instanceof Error ? error.message : String(error)
  return badRequest('a well-formed request', found, undefined, { expected: '格式正确的请求' })
}

function statusOf(error: unknown, fallback: number): number {
  if (error !== null && typeof error === 'object' && 'status' in error && typeof error.status === 'number')
    return error.status
  return error instanceof RefusedError ? error.status : fallback
}

/** A well-formed request from someone or somewhere it is not allowed from; API_REQUEST with status 403. */
export class RefusedError extends CodedError {
  readonly status = 403
  constructor(expected: string, actual: string, hint?: string, zh?: ErrorDetail['zh']) {
    super('API_REQUEST', {
      expected,
      actual,
      ...(hint === undefined ? {} : { hint }),
      ...(zh === undefined ? {} : { zh }),
    })
    this.name = 'RefusedError'
  }
}
