import { readFile } from 'node:fs/promises'
import { CodedError, lineOfPath } from '../../contracts/index.ts'

/** Adds the line to a fault that names a place in a YAML file but not where that is. */
export async function atLine(error: unknown): Promise<unknown> {
  if (!(error instanceof CodedError)) return error
  const { file, path, line } = error.detail
  if (line !== undefined || path === undefined || file === undefined || !/\.ya?ml$/.test(file)) return error
  const text = await readFile(file, 'utf8').catch(() => '')
  const found = lineOfPath(text, path)
  return found === null ? error : new CodedError(error.code, { ...error.detail, line: found })
}
