import { CodedError, type ErrorCode, isDiskFull } from '../../contracts/thread.ts'

/** Primary result codes of SQLite (sqlite.org/rescode.html). */
const BUSY = 5
const LOCKED = 6
const READONLY = 8
const IOERR = 10
const CORRUPT = 11
const FULL = 13
const CANTOPEN = 14
const TOOBIG = 18
const CONSTRAINT = 19
const MISMATCH = 20
const NOTADB = 26
/** Errors of `all` have no number in `@photostructure/sqlite` 1.2, only the text of `sqlite3_errstr`. */
const BY_TEXT: Readonly<Record<string, number>> = {
  'database is locked': BUSY,
  'database table is locked': LOCKED,
  'attempt to write a readonly database': READONLY,
  'disk I/O error': IOERR,
  'database disk image is malformed': CORRUPT,
  'database or disk is full': FULL,
  'unable to open database file': CANTOPEN,
  'file is not a database': NOTADB,
}
/** A file that is empty or of another program opens well; only its first statement says that nothing is there. */
const LACKS = /^no such (table|column)/
/** Extended code: the shared-memory file cannot grow. */
const IOERR_SHMSIZE = 4874
/** The log gives out position and sequence itself: a collision there is its own fault, not that of a request. */
const LOG_COUNTER = /event\.position|event\.source, event\.sequence/

/** SQLite takes any `-wal` for that of the file beside it, and writes its pages over those of an older copy. */
export const DAMAGED =
  'the file is damaged or not a database; restore it from a backup, into a folder without `-wal` and `-shm` of another time'
const DISK_FULL_HINT =
  'free space on the volume of the data directory; `df -i` says whether it is out of inodes'
const READ_ONLY_HINT =
  'the disk is read-only, as the system makes it after an error of the disk: check the disk, and mount it so that it can be written'
const HINTS: Partial<Record<ErrorCode, string>> = {
  TRC_DISK_FULL: DISK_FULL_HINT,
  TRC_BINDING: 'the value can never be stored as it is: a program error, or data that was altered',
}

/** Damage that was found by looking for it, in the form SQLite has for its own. */
export class SqliteDamage extends Error {
  readonly errcode = CORRUPT
}

/** Whether a file could not be read because it is damaged, not because it is locked or may not be read. */
export const isDamaged = (error: unknown): error is CodedError =>
  error instanceof CodedError && [CORRUPT, NOTADB].includes(resultOf(error.cause) & 0xff)

/** Whether another connection holds the file. */
export const isBusy = (error: unknown): boolean => [BUSY, LOCKED].includes(resultOf(error) & 0xff)

/** Whether a statement named what the file does not have. */
export const lacksTable = (error: unknown): boolean =>
  error instanceof CodedError && error.cause instanceof Error && LACKS.test(error.cause.message)

/** Extended result code; 0 where the error is none of SQLite's. */
function resultOf(error: unknown): number {
  if (!(error instanceof Error)) return 0
  if ('errcode' in error && typeof error.errcode === 'number') return error.errcode
  return 'code' in error && error.code === 'ERR_SQLITE_ERROR' ? (BY_TEXT[error.message] ?? 0) : 0
}

/** Names what SQLite refused. `fallback` is the code for everything without a better one. */
export function sqliteError(error: unknown, fallback: ErrorCode, file: string): CodedError {
  if (error instanceof CodedError) return error
  const extended = resultOf(error)
  const argument =
    typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_INVALID_ARG_TYPE'
  const actual = error instanceof Error ? error.message : String(error)
  const code = argument ? 'TRC_BINDING' : codeOf(extended, fallback, actual)
  const hint = HINTS[code] ?? (LACKS.test(actual) ? DAMAGED : hintOf(extended & 0xff))
  return new CodedError(code, { file, actual, ...(hint === undefined ? {} : { hint }), cause: error })
}

function codeOf(extended: number, fallback: ErrorCode, message: string): ErrorCode {
  if (extended === IOERR_SHMSIZE) return 'TRC_DISK_FULL'
  if (LACKS.test(message)) return 'TRC_OPEN'
  switch (extended & 0xff) {
    case FULL:
      return 'TRC_DISK_FULL'
    case CONSTRAINT:
      return LOG_COUNTER.test(message) ? fallback : 'TRC_BINDING'
    case TOOBIG:
    case MISMATCH:
      return 'TRC_BINDING'
    case NOTADB:
    case CORRUPT:
      return 'TRC_OPEN'
    default:
      return fallback
  }
}

function hintOf(primary: number): string | undefined {
  switch (primary) {
    case BUSY:
    case LOCKED:
      return 'another program holds the database; stop it'
    case READONLY:
    case CANTOPEN:
      return 'check that the data directory exists and may be written'
    case CORRUPT:
    case NOTADB:
      return DAMAGED
    case IOERR:
      return 'check the disk and the file size limit of the process'
    default:
      return undefined
  }
}

/** File-system errors of images and spool files. */
export function fileError(error: unknown, fallback: ErrorCode, file: string): CodedError {
  if (error instanceof CodedError) return error
  const name = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''
  const actual = error instanceof Error ? error.message : String(error)
  if (isDiskFull(error))
    return new CodedError('TRC_DISK_FULL', {
      file,
      actual,
      hint: DISK_FULL_HINT,
      cause: error,
    })
  return new CodedError(fallback, {
    file,
    actual,
    hint: name === 'EROFS' ? READ_ONLY_HINT : 'check that the directory exists and may be written',
    cause: error,
  })
}
