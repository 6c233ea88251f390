/** Host, port and database of a URL: what may be shown. */
export function placeOf(url: string): string {
  if (!URL.canParse(url)) return 'postgres'
  const { hostname, port, pathname } = new URL(url)
  return `${hostname || 'localhost'}${port === '' ? '' : `:${port}`}${pathname}`
}
