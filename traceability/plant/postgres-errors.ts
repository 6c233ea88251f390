import { CodedError, type ErrorCode } from '../../contracts/thread.ts'

/** Position and sequence are given out by the log itself: a collision there is its own fault, not that of a request. */
const LOG_COUNTER = /event_pkey|event_source_sequence|event_\w+_pkey/

/** SQLSTATE classes (PostgreSQL manual, appendix A) that say: nobody is there, or not now. */
const AWAY = /^(08|57P|53[34]|58)/

/**
 * Protocol violation: what PgBouncer says to time limits that are set while a connection begins, and what we say where
 * somebody else answers than who was connected to.
 */
export const POOLER = '08P01'
/** So many are connected as server, database or role may have (`too_many_connections`). */
const FULL = '53300'
/** A standby, or set to be read only. */
const READ_ONLY = '25006'
/** Somebody answers, and Node does not accept the certificate (`tls`, X509 certificate error codes). */
const CERTIFICATE = /CERT|^ERR_(TLS|SSL|OSSL)|^UNABLE_TO_/
/** `sslrootcert`, `sslcert` or `sslkey` of the URL. */
const FILE = /^E\w+: .*, open '/

interface Facts {
  message: string
  /** SQLSTATE, or the code of a socket error. */
  code: string
  constraint: string
}

/** What crosses the thread border of a refusal. */
export const postgresFacts = (error: unknown): Facts => {
  const e = typeof error === 'object' && error !== null ? (error as Partial<Facts>) : {}
  const several = error instanceof AggregateError ? error.errors.map((x) => String(x)).join('; ') : ''
  return {
    message: (e.message ?? '') || several || String(error),
    code: typeof e.code === 'string' ? e.code : '',
    constraint: typeof e.constraint === 'string' ? e.constraint : '',
  }
}

/** @param place host and database, without the password */
export function postgresError(facts: Facts, fallback: ErrorCode, place: string): CodedError {
  const { message, code, constraint } = facts
  const named = codeOf(facts, fallback)
  const hint =
    named === 'TRC_PLANT'
      ? awayHint(message, code)
      : named === 'TRC_DISK_FULL'
        ? 'free space on the volume of the database'
        : code === POOLER
          ? 'name the address of PostgreSQL itself, not of a pooler: settings of a connection do not stay behind one'
          : code === READ_ONLY
            ? 'name the address of the server that takes writes, not of a standby, and see that neither role nor database sets default_transaction_read_only'
            : /^(28|42501|3D000)/.test(code)
              ? 'check database, user and rights of the URL'
              : undefined
  return new CodedError(named, {
    file: place,
    actual: `${message}${code === '' ? '' : ` (${code}${constraint === '' ? '' : `, ${constraint}`})`}`,
    ...(hint === undefined ? {} : { hint }),
  })
}

function awayHint(message: string, code: string): string {
  if (CERTIFICATE.test(code))
    return 'check the certificate of the server (host, dates, authority), `sslrootcert` of the URL and the clock here; it is tried again'
  if (FILE.test(message)) return 'check the files that the URL names: sslrootcert, sslcert, sslkey'
  if (code === FULL)
    return 'raise max_connections of PostgreSQL, or the limit of role or database, or end other connections; it is tried again'
  return 'check address, network and that PostgreSQL runs; it is tried again'
}

function codeOf({ code, constraint }: Facts, fallback: ErrorCode): ErrorCode {
  if (code === POOLER) return 'TRC_OPEN'
  // Without a SQLSTATE the connection broke. Some errors of sockets look like one: EPIPE. No class of SQLSTATE begins with E.
  if (!/^[0-9A-DF-Z][0-9A-Z]{4}$/.test(code) || AWAY.test(code)) return 'TRC_PLANT'
  if (code === '53100') return 'TRC_DISK_FULL'
  if (code.startsWith('23')) return LOG_COUNTER.test(constraint) ? fallback : 'TRC_BINDING'
  if (code.startsWith('22')) return 'TRC_BINDING'
  if (/^(28|3D|42501)/.test(code)) return 'TRC_OPEN'
  // Cancelled by a time limit, deadlock, serialisation: the same statement may go through later.
  if (/^(57014|40|55)/.test(code)) return 'TRC_BUSY'
  return fallback
}
