import { expect, it } from 'vitest'
import { postgresError, postgresFacts } from '../../traceability/plant/postgres-errors.ts'

/** What a person is told to do. */
const advice = (message: string, code: string): string =>
  postgresError(postgresFacts(Object.assign(new Error(message), { code })), 'TRC_WRITE', 'db/plant').message

// As Node 22 and pg 8 say it to PostgreSQL 15.
it.each([
  ['certificate has expired', 'CERT_HAS_EXPIRED'],
  ['certificate is not yet valid', 'CERT_NOT_YET_VALID'],
  ['unable to verify the first certificate', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ['self-signed certificate in certificate chain', 'SELF_SIGNED_CERT_IN_CHAIN'],
  ['self-signed certificate', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ['unable to get local issuer certificate', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'],
  [
    "Hostname/IP does not match certificate's altnames: Host: localhost. is not in the cert's altnames: DNS:db.other",
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ],
])('a certificate that is not accepted is what is to be looked at: %s', (message, code) => {
  const told = advice(message, code)
  expect(told).toContain('TRC_PLANT')
  expect(told).toContain('check the certificate of the server')
  expect(told).not.toContain('that PostgreSQL runs')
})

it('a file of the URL that cannot be read is what is to be looked at', () => {
  expect(advice("ENOENT: no such file or directory, open '/etc/ca.crt'", 'ENOENT')).toContain('sslrootcert')
  expect(advice("EACCES: permission denied, open '/etc/client.key'", 'EACCES')).toContain('sslkey')
  // The socket file of a server that does not run.
  expect(advice('connect ENOENT /run/postgresql/.s.PGSQL.5432', 'ENOENT')).toContain('that PostgreSQL runs')
})

it('what is set to be read only need not be a standby', () => {
  const told = advice('cannot execute INSERT in a read-only transaction', '25006')
  expect(told).toContain('standby')
  expect(told).toContain('default_transaction_read_only')
})

it.each(['sorry, too many clients already', 'too many connections for role "line"'])(
  'a server that has no connection left is said to run: %s',
  (message) => {
    const told = advice(message, '53300')
    expect(told).toContain('TRC_PLANT')
    expect(told).toContain('max_connections')
    expect(told).not.toContain('that PostgreSQL runs')
  },
)

// EPIPE has the length of a SQLSTATE.
it.each(['EPIPE', 'ECONNRESET', 'ETIMEDOUT', 'ENETUNREACH', ''])(
  'a connection that broke with %s is no refusal',
  (code) => {
    const told = advice('write failed', code)
    expect(told).toContain('TRC_PLANT')
    expect(told).toContain('that PostgreSQL runs')
  },
)
