import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express'
import {
  asCoded,
  EPCIS_EXCEPTIONS,
  EpcisError,
  type EpcisException,
  httpStatus,
} from '../../../contracts/index.ts'
import {
  CAPTURE_BYTES,
  CAPTURE_LIMIT,
  EPC_FORMATS,
  type EpcFormat,
  lossesOf,
  type PageRequest,
} from '../../../traceability/query/index.ts'
import { mustHave } from '../accounts/who.ts'
import { bodyBytes } from '../body-bytes.ts'
import { RefusedError } from '../errors.ts'
import type { DashboardLog } from '../ports.ts'

/** Where the interface is mounted. */
export const EPCIS_BASE = '/epcis'
const VERSION = '2.0.0'
/** Versions that are the same to this interface. */
const NEWEST = [2, 0, 1]
const OLDEST = [2, 0, 0]
const EXTENSIONS = 'sightline=https://sightline.invalid/epcis/'
export const JSON_TYPES = ['application/json', 'application/ld+json']
/** What a capture may hold; also said to one that holds more. */
export const CAPTURE_LIMITS = {
  'GS1-EPCIS-Capture-Limit': String(CAPTURE_LIMIT),
  'GS1-EPCIS-Capture-File-Size-Limit': String(CAPTURE_BYTES),
}
const MAX_URL = 8_000
const PER_PAGE = 30
const MAX_PER_PAGE = 1_000

const TITLES: Record<EpcisException, string> = {
  ValidationException: 'The document or request is not valid',
  QueryValidationException: 'The query is not valid',
  QueryParameterException: 'A query parameter is not valid',
  SubscriptionControlsException: 'The subscription is not valid',
  SecurityException: 'Access to the resource is forbidden',
  NoSuchNameException: 'Resource not found',
  NotAcceptableException: 'Conflicting request and response headers',
  ResourceAlreadyExistsException: 'A resource with the identifier already exists',
  CaptureLimitExceededException: 'Capture payload too large',
  QueryTooLargeException: 'Query result too large',
  QueryTooComplexException: 'Query too complex',
  URITooLongException: 'URI too long',
  UnsupportedMediaTypeException: 'Unsupported media type',
  ImplementationException: 'A server-side error occurred',
}

interface Problem {
  /** Null for what EPCIS has no exception for. */
  exception: EpcisException | null
  status: number
  detail: string
  faults: readonly { pointer: string; expected: string; actual: string }[]
}

/** Problem body (RFC 7807) with the EPCIS exception and a pointer to each fault. */
export const problemBody = ({ exception, status, detail, faults }: Problem): object => ({
  // RFC 7807, 4.2: about:blank means what the status code means.
  type: exception === null ? 'about:blank' : `epcisException:${exception}`,
  title: exception === null ? 'Method Not Allowed' : TITLES[exception],
  status,
  detail,
  ...(faults[0] !== undefined && { pointer: faults[0].pointer, errors: faults }),
})

export function problemOf(error: unknown): Problem {
  if (error instanceof EpcisError) {
    const { exception, faults, message } = error
    return { exception, status: EPCIS_EXCEPTIONS[exception], detail: message, faults }
  }
  if (error instanceof RefusedError)
    return { exception: 'SecurityException', status: 403, detail: error.message, faults: [] }
  const status = isObject(error) && 'status' in error ? Number(error['status']) : 500
  // Express and its body parser say what was wrong with the request; the server did not fail.
  const caused = status >= 400 && status < 500 ? 'API_REQUEST' : 'API_INTERNAL'
  const { code, message } = asCoded(error, caused)
  if (code === 'API_LOGIN' || code === 'API_ROLE')
    return { exception: 'SecurityException', status: httpStatus(code), detail: message, faults: [] }
  if (code === 'API_METHOD') return { exception: null, status: 405, detail: message, faults: [] }
  if (status === 415)
    return { exception: 'UnsupportedMediaTypeException', status, detail: message, faults: [] }
  if (code === 'API_REQUEST')
    return { exception: 'ValidationException', status: 400, detail: message, faults: [] }
  return { exception: 'ImplementationException', status: httpStatus(code), detail: message, faults: [] }
}

/** Every failure of this interface leaves as a problem body. */
export const epcisErrors =
  (log: DashboardLog): ErrorRequestHandler =>
  (error: unknown, req, res, next) => {
    const problem = problemOf(error)
    if (problem.status >= 500)
      log.error({ err: error, method: req.method, path: req.path }, 'EPCIS request failed')
    if (res.headersSent) return next(error)
    if (problem.exception === 'CaptureLimitExceededException') res.set(CAPTURE_LIMITS)
    common(res)
      .status(problem.status)
      .set('Cache-Control', 'no-store')
      .type('application/problem+json')
      .send(JSON.stringify(problemBody(problem)))
  }

/** Any path below the interface that no resource answers. */
export const unknownEpcisPath: RequestHandler = (req) => {
  throw refused('NoSuchNameException', 'a resource of the EPCIS interface', `${req.method} ${req.path}`)
}

const common = (res: Response): Response =>
  res.set({ 'GS1-EPCIS-Version': VERSION, 'GS1-CBV-Version': VERSION, 'GS1-Extensions': EXTENSIONS })

/** Checks what the headers ask for. @throws EpcisError NotAcceptableException, URITooLongException */
export const negotiate: RequestHandler = (req, res, next) => {
  common(res)
  if (req.originalUrl.length > MAX_URL)
    throw refused('URITooLongException', `at most ${MAX_URL} characters`, 'more')
  if (req.method !== 'OPTIONS' && req.method !== 'DELETE' && req.accepts(JSON_TYPES) === false)
    throw refused(
      'NotAcceptableException',
      `an Accept of ${JSON_TYPES.join(' or ')}`,
      req.get('accept') ?? '',
    )
  for (const standard of ['EPCIS', 'CBV']) {
    bound(req, `GS1-${standard}-Min`, (v) => order(v, NEWEST) <= 0)
    bound(req, `GS1-${standard}-Max`, (v) => order(v, OLDEST) >= 0)
    bound(req, `GS1-${standard}-Version`, (v) => order(v, NEWEST) <= 0 && order(v, OLDEST) >= 0)
  }
  next()
}

function bound(req: Request, header: string, fits: (version: number[]) => boolean): void {
  const text = req.get(header)
  if (text === undefined) return
  if (!/^\d{1,4}(\.\d{1,4}){0,3}$/.test(text.trim()) || !fits(text.trim().split('.').map(Number)))
    throw refused('NotAcceptableException', `a ${header} that version ${VERSION} meets`, text)
}

function order(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < 3; i++) if ((a[i] ?? 0) !== (b[i] ?? 0)) return (a[i] ?? 0) - (b[i] ?? 0)
  return 0
}

export const refused = (
  exception: EpcisException,
  expected: string,
  actual: string,
  pointer = '',
): EpcisError => new EpcisError(exception, { pointer, expected, actual: actual.slice(0, 200) })

/** @throws EpcisError NotAcceptableException */
export const epcFormat = (req: Request): EpcFormat => formatOf(req.get('GS1-EPC-Format'))

/** @throws EpcisError NotAcceptableException */
export function formatOf(text: string | undefined): EpcFormat {
  const format = EPC_FORMATS.find((f) => f === text)
  if (text !== undefined && format === undefined)
    throw refused('NotAcceptableException', `GS1-EPC-Format ${EPC_FORMATS.join(', ')}`, text)
  return format ?? 'Never_Translates'
}

/** Who may change something: the same rule as for facts. @throws API_ROLE */
export const mustBeAllowed = (req: Request): void => mustHave(req, 'operator')

const isObject = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object'

/**
 * The body as text.
 *
 * @param tooLarge what is thrown when it has more than `limit` bytes
 * @throws EpcisError UnsupportedMediaTypeException, ValidationException
 */
export async function bodyText(
  req: Request,
  limit: number,
  tooLarge: EpcisException = 'CaptureLimitExceededException',
): Promise<string> {
  if (!req.is(JSON_TYPES))
    throw refused(
      'UnsupportedMediaTypeException',
      JSON_TYPES.join(' or '),
      req.get('content-type') ?? 'no content type',
    )
  const bytes = await bodyBytes(req, limit).catch((error: unknown) => {
    if (isObject(error) && error['status'] === 413)
      throw refused(tooLarge, `a body of at most ${limit} bytes`, 'more')
    throw error
  })
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw refused('ValidationException', 'text in UTF-8', 'other bytes')
  }
}

/** The body as JSON; what reading it would change, such as a parameter that stands twice, is refused. @throws EpcisError */
export async function bodyJson(req: Request, limit: number, exception: EpcisException): Promise<unknown> {
  const text = await bodyText(req, limit, exception)
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch (error) {
    throw refused(exception, 'JSON', error instanceof Error ? error.message : String(error))
  }
  const losses = lossesOf(text)
  if (losses.length > 0) throw new EpcisError(exception, losses)
  return body
}

/** Page and remaining parameters of a query string. @throws EpcisError QueryParameterException */
export function pageOf(req: Request): { page: PageRequest; rest: Record<string, unknown> } {
  const { perPage = String(PER_PAGE), nextPageToken = null, ...rest } = req.query as Record<string, unknown>
  if (typeof perPage !== 'string' || !/^[1-9]\d{0,5}$/.test(perPage))
    throw refused(
      'QueryParameterException',
      'a whole number from 1 to 999999',
      JSON.stringify(perPage),
      '/perPage',
    )
  if (nextPageToken !== null && typeof nextPageToken !== 'string')
    throw refused('QueryParameterException', 'one token', JSON.stringify(nextPageToken), '/nextPageToken')
  return { page: { perPage: Math.min(Number(perPage), MAX_PER_PAGE), token: nextPageToken }, rest }
}

/** @throws EpcisError QueryParameterException for parameters of a resource that has none */
export function noMore(rest: Record<string, unknown>): void {
  const [name] = Object.keys(rest)
  if (name !== undefined)
    throw refused('QueryParameterException', 'perPage and nextPageToken', name, `/${name}`)
}

export function setNextPage(
  req: Request,
  res: Response,
  perPage: number,
  next: { token: string; expires: string } | null,
): void {
  if (next === null) return
  const path = req.originalUrl.replace(/\?.*$/, '')
  res.set({
    Link: `<${path}?perPage=${perPage}&nextPageToken=${next.token}>; rel="next"`,
    'GS1-Next-Page-Token-Expires': next.expires,
  })
}

/** Answers in the JSON type that was asked for; text is JSON already. */
export function answer(req: Request, res: Response, body: unknown, status = 200): void {
  const type = req.accepts(JSON_TYPES)
  res
    .status(status)
    .set('Cache-Control', 'no-store')
    .type(type === false ? 'application/json' : type)
    .send(typeof body === 'string' ? body : JSON.stringify(body))
}

/** Discovery: what a resource can do, and by which versions. */
export const discovery =
  (allow: string, version: string, more: Record<string, string> = {}) =>
  (res: Response): void => {
    common(res)
      .status(204)
      .set({
        Allow: allow,
        'GS1-EPCIS-Min': VERSION,
        'GS1-EPCIS-Max': VERSION,
        'GS1-CBV-Min': VERSION,
        'GS1-CBV-Max': VERSION,
        'GS1-EPC-Format': EPC_FORMATS.join(', '),
        'GS1-CBV-XML-Format': 'Never_Translates',
        'GS1-Vendor-Version': version,
        ...more,
      })
      .end()
  }
