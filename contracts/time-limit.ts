/** A signal that aborts after a time or with another one, and the way to let go of both. */
export interface TimeLimit {
  readonly signal: AbortSignal
  /** Ends the timer and the listener; a signal that has not fired then never will. */
  clear(): void
}

/**
 * Limits work to `ms` milliseconds, or less when `other` aborts first.
 *
 * `AbortSignal.any([AbortSignal.timeout(ms), other])` says the same, but Node holds a timeout signal weakly there and
 * may collect it before it fires (nodejs/node #57736), so that stalled work would wait for ever.
 */
export function timeLimit(ms: number, other?: AbortSignal): TimeLimit {
  const control = new AbortController()
  const timer = setTimeout(
    () => control.abort(new DOMException(`no end within ${ms} ms`, 'TimeoutError')),
    ms,
  )
  const follow = (): void => {
    clearTimeout(timer)
    control.abort(other?.reason)
  }
  if (other?.aborted) follow()
  else other?.addEventListener('abort', follow, { once: true })
  return {
    signal: control.signal,
    clear: () => {
      clearTimeout(timer)
      other?.removeEventListener('abort', follow)
    },
  }
}
