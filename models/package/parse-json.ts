import type { z } from 'zod'
import { CodedError, asCoded, parseStrict } from '../../contracts/index.ts'

/** @throws MDL_PACKAGE when the text is not JSON */
export function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw asCoded(error, 'MDL_PACKAGE', { file, expected: 'JSON' })
  }
}

/** @throws MDL_PACKAGE with file, path and line of the first fault */
export function parsePackageJson<S extends z.ZodType>(text: string, schema: S, file: string): z.output<S> {
  parseJson(text, file)
  try {
    return parseStrict(text, schema, file)
  } catch (error) {
    if (error instanceof CodedError) throw new CodedError('MDL_PACKAGE', { ...error.detail, cause: error })
    throw error
  }
}
