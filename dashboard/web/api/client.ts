/** A coded error answer of the server, or `NETWORK` when there was none. */
export class ApiError extends Error {
  readonly code: string
  readonly status: number

  constructor(code: string, status: number, message: string) {
    super(message)
    this.name = 'ApiError'
    this.code = code
    this.status = status
  }
}

/** @throws ApiError */
export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  let res: Response
  try {
    res = await fetch(path, { headers: { accept: 'application/json' }, ...(signal && { signal }) })
  } catch (error) {
    if (signal?.aborted) throw error
    throw new ApiError('NETWORK', 0, error instanceof Error ? error.message : String(error))
  }
  const text = await res.text()
  const body = parse(text)
  if (res.ok && body !== undefined) return body as T
  const fault = (body ?? {}) as { code?: unknown; message?: unknown }
  throw new ApiError(
    typeof fault.code === 'string' ? fault.code : `HTTP_${res.status}`,
    res.status,
    typeof fault.message === 'string' ? fault.message : text.slice(0, 200),
  )
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** `a=1&b=2` of the values that are set. */
export function queryText(values: Record<string, string | number | null | undefined>): string {
  const set = Object.entries(values).filter(([, v]) => v !== undefined && v !== null && v !== '')
  return new URLSearchParams(set.map(([k, v]) => [k, String(v)])).toString()
}
