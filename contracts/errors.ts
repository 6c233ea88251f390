/**
 * Every code the product can report, one line each. The prefix names the room the error comes from:
 * CFG configuration, CAM camera, INS inspection, MDL models, TRC traceability, EVT events and modules,
 * DAT datasets, API dashboard.
 */
export const ERROR_CODES = {
  CFG_SYNTAX: 'the file is not valid YAML or JSON',
  CFG_INVALID: 'a value does not match the schema',
  CFG_MISSING_FILE: 'a file named by the configuration does not exist',
  CFG_UNKNOWN_REFERENCE: 'the configuration names something that does not exist',
  CFG_PORT_IN_USE: 'the port is taken by another program',
  CFG_DATA_DIR: 'the data directory cannot be used',
  CFG_USAGE: 'the command line is wrong',
  CFG_LIMIT: 'the system allows this program too little',

  CAM_OPEN: 'the camera or source cannot be opened',
  CAM_GONE: 'the camera or reader disappeared while running',
  CAM_TIMEOUT: 'no frame arrived within the time allowed after a trigger',
  CAM_NO_BUFFER: 'no free frame slot: the pipeline is behind',
  CAM_SLOT: 'a frame slot was released twice',
  CAM_FRAME_TOO_LARGE: 'the frame is larger than a slot',
  CAM_INCOMPLETE: 'the frame arrived incomplete',
  CAM_STALE: 'the frame is older than the staleness budget',
  CAM_FROZEN: 'the stream is alive but the image does not change',
  CAM_DUPLICATE: 'the frame counter repeats',
  CAM_GAP: 'the frame counter skipped values',
  CAM_RESTARTS_EXHAUSTED: 'the restart budget of the source is used up',
  CAM_BAD_REQUEST: 'a pushed frame or a read has wrong headers or content',
  CAM_IO: 'a device of the line (PLC, reader, broker) cannot be reached or answered wrongly',
  CAM_HANDSHAKE: 'the PLC handshake was violated',

  INS_SHAPE: 'array lengths or sizes disagree',
  INS_DECODE: 'the image cannot be decoded',
  INS_IMAGE_LIMIT: 'the image has more pixels than allowed',
  INS_IMAGE_FORMAT: 'the pixel format is not supported',
  INS_WRONG_SIZE: 'the image size differs from the recipe',
  INS_QUALITY: 'the image quality gate refused the frame',
  INS_REGISTER: 'the part could not be registered to its golden template',
  INS_TOOL: 'a tool failed',
  INS_RULE: 'a rule could not be evaluated',
  INS_RULE_INVALID: 'a rule does not compile or type-check',
  INS_DEADLINE: 'the verdict was not ready in time',
  INS_WORKER_LOST: 'the inspection worker died while judging',
  INS_OVERLOAD: 'all inspection workers and queues are full',
  INS_RECIPE_MISMATCH: 'the product on the part is not the product of the recipe',
  INS_QUEUE: 'the job queue cannot be reached or refused the job',
  INS_INTERRUPTED: 'the system stopped before the part was judged',
  INS_CANARY: 'a canary frame with a known answer was judged differently',
  INS_CHALLENGE: 'a challenge part checks the station',

  MDL_PACKAGE: 'the model package is incomplete or malformed',
  MDL_HASH: 'a file of the model package was altered',
  MDL_SIGNATURE: 'the model package is unsigned or signed by an unknown key',
  MDL_GOLDEN: 'the model does not reproduce its golden vectors',
  MDL_LOAD: 'the model cannot be loaded',
  MDL_PROVIDER: 'no execution provider of the list works here',
  MDL_INPUT: 'the input does not fit the model',
  MDL_OUTPUT: 'the model returned NaN, infinity or a wrong shape',
  MDL_RUN: 'the model failed while running',
  MDL_QUANTISE: 'the model cannot be quantised',
  MDL_UNKNOWN: 'no such model package',
  TCH_LABELS: 'the labels cannot be taught',
  TCH_IMAGES: 'the images cannot be taught',
  TCH_LIMIT: 'teaching would need more than it is allowed',
  TCH_BUSY: 'another teaching is running',
  TCH_CANCELLED: 'teaching was cancelled',
  TCH_DATA: 'the teach data of a model are missing or do not belong to it',
  MDL_GATE: 'the recipe may not be activated',
  MDL_LIFE: 'the life-of-a-model request does not fit the state of the station',
  MDL_DRIFT: 'the scores of a model are not distributed as in their reference',
  MDL_OVERDUE: 'parts that could not be judged wait for review for too long',
  MDL_ESCAPE: 'a part that passed was found bad in review',

  TRC_OPEN: 'the store cannot be opened',
  TRC_SCHEMA: 'the tables, triggers or indexes of the database are not as the program made them',
  TRC_WRITE: 'the store refused a write',
  TRC_DISK_FULL: 'the disk is full',
  TRC_BINDING: 'a value of a wrong type was bound to a statement',
  TRC_NOT_FOUND: 'no such record',
  TRC_BUSY: 'a question to the records could not be answered in time',
  TRC_IDENTITY: 'the code read from the part is not a valid identity',
  TRC_GENEALOGY: 'the genealogy fact contradicts what is recorded',
  TRC_HELD: 'a hold or its disposition keeps the part back',
  TRC_REVIEWED: 'somebody else has reviewed the part meanwhile',
  TRC_DECIDED: 'somebody else has decided about the part meanwhile',
  TRC_NCR: 'the step does not fit the nonconformance report',
  TRC_SINK: 'events cannot be sent to the sink again like that',
  TRC_DUPLICATE: 'what has this id was recorded before with other content',
  TRC_IMAGE: 'the image cannot be stored or read back',
  TRC_EPCIS: 'the EPCIS document, query or subscription is refused',
  TRC_SPOOLED: 'the record went to the spool because the store was late',
  TRC_SPOOL: 'an entry of the spool is not as it was written',
  TRC_PLANT: 'the plant store cannot be reached or has lost its connection',
  TRC_REBUILT: 'a file that follows from the event log is damaged or does not fit it, and is made again',
  TRC_WAL: 'the write-ahead log of a database was left beside it',
  TRC_REPLICA: 'the log of the line does not continue what the plant store received',
  TRC_PROOF: 'the event log does not agree with what was signed',
  TRC_CLOCK: 'the clock of the system was put back',
  TRC_BUNDLE: 'the evidence bundle cannot be made or read',
  TRC_CHECKPOINT: 'the checkpoint file of the log is not the one that was written',
  TRC_NOTE: 'the signed note or checkpoint is malformed',
  TRC_KEY: 'the signing or verifying key cannot be used',
  TRC_FORGOT: 'a witness no longer knows what it cosigned',
  TRC_WITNESS: 'a witness, time-stamp authority or anchor refused or cannot be reached',

  EVT_SCHEMA: 'the event does not match its schema',
  EVT_SEQUENCE: 'the event sequence has a gap',
  EVT_MODULE: 'a scenario module failed',
  EVT_REFERENCE: 'reference data is missing or invalid',

  DAT_LAYOUT: 'the data set folder does not have the expected layout',
  DAT_ANNOTATION: 'an annotation cannot be read',
  DAT_EMPTY: 'the data set has no usable item',
  DAT_LEFT_OUT: 'files in the folder of the data set are not used',
  DAT_TRUTH: 'the data set leaves open what is true of its parts',
  DAT_REPEATED: 'the same picture is in the data set more than once',
  DAT_NO_DEFECT: 'no annotation is in a file of annotations: all its parts count as good',

  API_REQUEST: 'the request is malformed',
  API_NOT_FOUND: 'no such resource',
  API_METHOD: 'the resource does not have this method',
  API_LOGIN: 'who asks is not known',
  API_ACCOUNT: 'the account cannot be so',
  API_ROLE: 'another role is needed',
  API_BUSY: 'the server takes no more of these at once',
  API_INTERNAL: 'the server failed',
} as const

export type ErrorCode = keyof typeof ERROR_CODES

export interface ErrorDetail {
  /** What would have been right. */
  expected?: string
  /** What was found. */
  actual?: string
  /** What to do about it. */
  hint?: string
  /** The words of these three in Chinese, for what people meet on the pages; what is absent is said as it is. */
  zh?: { expected?: string; actual?: string; hint?: string }
  /** File the error is in. */
  file?: string
  /** Path inside the document, e.g. `stations[0].camera.adapter`. */
  path?: string
  /** 1-based line inside the file. */
  line?: number
  cause?: unknown
}

/** The only error this project throws on purpose. Its message says code, place, expected, actual, hint. */
export class CodedError extends Error {
  readonly code: ErrorCode
  readonly detail: ErrorDetail

  constructor(code: ErrorCode, detail: ErrorDetail = {}) {
    super(describe(code, detail), detail.cause === undefined ? undefined : { cause: detail.cause })
    this.name = 'CodedError'
    this.code = code
    this.detail = detail
  }
}

function describe(code: ErrorCode, d: ErrorDetail): string {
  const place = placeText(d)
  let text = `${code}: ${ERROR_CODES[code]}`
  if (place) text += ` (${place})`
  if (d.expected !== undefined) text += `; expected ${d.expected}`
  if (d.actual !== undefined) text += `; found ${d.actual}`
  if (d.hint !== undefined) text += `; ${d.hint}`
  return printable(text)
}

/** File, line and path of an error, as far as it has them; empty = none. */
export const placeText = (d: ErrorDetail): string =>
  [d.file, d.line === undefined ? undefined : `line ${d.line}`, d.path].filter(Boolean).join(', ')

const spelled = (c: string): string => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`

/** Characters that turn what stands around them round (Unicode UAX 9: marks, embeddings, overrides, isolates). */
const TURNING = /\p{Bidi_Control}/gu

/** A name that stands between other words must not turn them round. */
export const straight = (text: string): string => text.replace(TURNING, spelled)

/**
 * What a file or a code holds must not steer the terminal that its error is shown on, nor turn its words round; lines and
 * tabs may stay.
 */
export const printable = (text: string): string => straight(text).replace(/[^\P{Cc}\t\n]/gu, spelled)

/** The same of what stands in one line. */
export const printableLine = (text: string): string => straight(text).replace(/\p{Cc}/gu, spelled)

/** Turns anything caught into a CodedError, keeping one that already is. */
export function asCoded(error: unknown, fallback: ErrorCode, detail: ErrorDetail = {}): CodedError {
  if (error instanceof CodedError) return error
  const actual = error instanceof Error ? error.message : String(error)
  return new CodedError(fallback, { actual, ...detail, cause: error })
}

/** Throws what was caught again with the file it came from, unless it names one. */
export const inFile =
  (file: string, fallback: ErrorCode) =>
  (error: unknown): never => {
    const coded = asCoded(error, fallback)
    throw coded.detail.file === undefined ? new CodedError(coded.code, { ...coded.detail, file }) : coded
  }

/** What crosses a thread, process or HTTP border in place of the error object. */
export interface ErrorFact {
  code: ErrorCode
  message: string
}

/** That of an error which a page will show: with its words, so that it can be said in Chinese on the other side, too. */
export interface WordedFact extends ErrorFact {
  detail?: Omit<ErrorDetail, 'cause'>
}

export const toFact = (e: CodedError): ErrorFact => ({ code: e.code, message: e.message })

export function toWordedFact(e: CodedError): WordedFact {
  const { cause: _, ...detail } = e.detail
  return { ...toFact(e), ...(detail.zh !== undefined && { detail }) }
}

/** The error on the other side of the border; its message is complete already. */
export function fromFact({ code, message, detail }: WordedFact): CodedError {
  const error = new CodedError(code, detail)
  error.message = message
  return error
}
