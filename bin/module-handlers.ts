import { CodedError, ERROR_CODES, type ErrorCode } from '../contracts/index.ts'
import type { ModuleHandler, ModuleHandlers } from '../dashboard/index.ts'
import type { HttpRoute } from '../scenarios/index.ts'

/** Without accounts yet, whoever reaches the local port acts with this role; it is written beside each action. */
const LOCAL = { role: 'admin', user: 'local' }

/** Puts the module host's endpoints into the form the dashboard mounts. */
export function moduleHandlers(routes: readonly HttpRoute[]): ModuleHandlers {
  return {
    handlers: routes.map((route): ModuleHandler => ({
      method: route.method,
      path: route.path,
      role: route.role,
      summary: route.title,
      async handle(request) {
        const { status, body } = await route.handle({ ...request, ...LOCAL })
        if (status < 400) return body
        throw refused(body)
      },
    })),
  }
}

function refused(body: unknown): CodedError {
  const error = (body as { error?: { code?: string; message?: string } }).error
  const code =
    error?.code !== undefined && error.code in ERROR_CODES ? (error.code as ErrorCode) : 'API_INTERNAL'
  return new CodedError(code, { actual: error?.message ?? 'a module refused the request' })
}
