import { CodedError } from './errors.ts'

/** Exceptions of EPCIS 2.0 (section 8.2.6 and the REST binding), with the HTTP status each is answered with. */
export const EPCIS_EXCEPTIONS = {
  ValidationException: 400,
  QueryValidationException: 400,
  QueryParameterException: 400,
  SubscriptionControlsException: 400,
  SecurityException: 403,
  NoSuchNameException: 404,
  NotAcceptableException: 406,
  ResourceAlreadyExistsException: 409,
  CaptureLimitExceededException: 413,
  QueryTooLargeException: 413,
  QueryTooComplexException: 413,
  URITooLongException: 414,
  UnsupportedMediaTypeException: 415,
  ImplementationException: 500,
} as const
export type EpcisException = keyof typeof EPCIS_EXCEPTIONS

/** One thing that is wrong in a document. */
export interface EpcisFault {
  /** JSON pointer (RFC 6901) to the fault; empty = the whole document. */
  pointer: string
  expected: string
  actual: string
}

/** A refusal of the EPCIS interface; its message says where, what was expected and what was found. */
export class EpcisError extends CodedError {
  readonly exception: EpcisException
  readonly faults: readonly EpcisFault[]

  constructor(exception: EpcisException, faults: EpcisFault | readonly EpcisFault[], hint?: string) {
    const all: readonly EpcisFault[] = Array.isArray(faults) ? faults : [faults as EpcisFault]
    const [first] = all
    super('TRC_EPCIS', {
      ...(first?.pointer ? { path: first.pointer } : {}),
      expected: first?.expected ?? 'a valid request',
      actual: first?.actual ?? 'another',
      ...(hint === undefined ? {} : { hint }),
    })
    this.name = 'EpcisError'
    this.exception = exception
    this.faults = all
  }
}
