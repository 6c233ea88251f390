import { CodedError } from '../../contracts/index.ts'

/** Host, port and database of a URL: what may be shown. */
export function placeOf(url: string): string {
  if (!URL.canParse(url)) return 'postgres'
  const { hostname, port, pathname } = new URL(url)
  return `${hostname || 'localhost'}${port === '' ? '' : `:${port}`}${pathname}`
}

/** @throws CFG_INVALID; the value itself is never repeated, it may hold a password */
export function checkDatabaseUrl(url: string, path: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null
  if (parsed === null || !/^postgres(ql)?:$/.test(parsed.protocol) || parsed.pathname.length < 2)
    throw new CodedError('CFG_INVALID', {
      path,
      expected: 'postgres://user:password@host:port/database, with ?sslmode=verify-full for TLS',
      actual: parsed === null ? 'something that is no URL' : `${parsed.protocol}//… without these parts`,
    })
  return url
}
